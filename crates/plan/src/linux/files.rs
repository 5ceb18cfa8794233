//! What is visible, and as what: areas of the policy to mounts.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, List, Policy};

use super::protect::Protection;
use super::{PlanError, gate};
use crate::{Host, Identity, Kind, Mode, Mount, Network, Owner};

/// Directories that programs expect and that hold nothing of the host, with their permission bits.
const PRIVATE: [(&str, u32); 4] = [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/dev/shm", 0o1777)];

/// An area that exists on this host.
pub(super) struct Site {
    /// The area; its path is without links.
    pub(super) area: Area,
    /// Whether it is a directory.
    pub(super) directory: bool,
}

/// The areas that exist on this host, in an order in which each comes after those that contain it. One whose path is a
/// link is where the link leads.
pub(super) fn sites(policy: &Policy, host: &Host) -> Result<Vec<Site>, PlanError> {
    let kinds: HashMap<&OsStr, &Kind> = host.paths.iter().map(|(path, kind)| (path.as_os_str(), kind)).collect();
    let (mut sites, mut linked) = (Vec::new(), Vec::new());
    for area in policy.layout() {
        let found = kinds.get(area.path.as_os_str()).copied();
        refuse_link_beyond_ceiling(policy, area, found)?;
        match found {
            _ if area.kind == AreaKind::Private => sites.push(Site { area: area.clone(), directory: true }),
            Some(Kind::Link { leads_to, directory }) => {
                linked.push(Site { area: Area { path: leads_to.clone(), ..area.clone() }, directory: *directory });
            }
            Some(found) => sites.push(Site { area: area.clone(), directory: *found == Kind::Directory }),
            None => {
                if let Some(grant) = named_by_a_person(policy, area) {
                    return Err(PlanError::Missing { path: area.path.clone(), grant });
                }
            }
        }
    }
    linked.into_iter().for_each(|site| insert(&mut sites, site));
    Ok(sites)
}

/// Adds a site where a link leads, unless what is there is as open already.
fn insert(sites: &mut Vec<Site>, site: Site) {
    let Area { path, kind, set, .. } = &site.area;
    // A person may narrow a part of something wider; a set only says what shall be visible.
    let narrows = |area: &Area| area.path != *path && set.is_none();
    if covering(sites, path).is_some_and(|area| area.kind == *kind || area.kind > *kind && !narrows(area)) {
        return;
    }
    let place = sites.partition_point(|other| other.area.path.as_os_str() < path.as_os_str());
    match sites.get_mut(place) {
        Some(same) if same.area.path == *path => *same = site,
        _ => sites.insert(place, site),
    }
}

/// The managed policy was asked for paths as they are written; a link may lead away from there.
fn refuse_link_beyond_ceiling(policy: &Policy, area: &Area, found: Option<&Kind>) -> Result<(), PlanError> {
    let list = match area.kind {
        AreaKind::Private => return Ok(()),
        AreaKind::Read => List::Read,
        AreaKind::CopyOnWrite => List::CopyOnWrite,
        AreaKind::Write => List::Write,
    };
    match found {
        Some(Kind::Link { leads_to, .. }) if !policy.fits_ceilings(list, leads_to) => {
            Err(PlanError::LinkBeyondCeiling { link: area.path.clone(), target: leads_to.clone() })
        }
        _ => Ok(()),
    }
}

/// Git directories outside of a workspace that is itself a linked worktree or submodule: without them nobody could
/// commit. They are as open as the workspace, as far as the managed policy lets them be.
pub(super) struct Outside<'a> {
    pub(super) directories: Vec<&'a Path>,
    pub(super) mode: Mode,
}

impl<'a> Outside<'a> {
    pub(super) fn new(policy: &Policy, host: &'a Host, sites: &[Site]) -> Self {
        let workspace = covering(sites, &policy.places.workspace).map(|area| area.kind);
        let (list, mode) = match workspace {
            Some(AreaKind::Write) => (List::Write, Mode::Writable),
            _ => (List::Read, Mode::ReadOnly),
        };
        let visible = workspace.is_some_and(|kind| kind != AreaKind::Private);
        let mut directories: Vec<&Path> = host.git.iter().filter(|git| git.outside).map(|git| &*git.path).collect();
        directories.sort();
        // Sorted, so a common directory comes before the worktree directories in it.
        directories.dedup_by(|inner, outer| inner.starts_with(&**outer));
        let shown = |path: &Path| {
            covering(sites, path).is_some_and(|area| {
                area.kind == AreaKind::Write || area.kind == AreaKind::Read && mode == Mode::ReadOnly
            })
        };
        directories.retain(|path| visible && !shown(path) && policy.fits_ceilings(list, path));
        Self { directories, mode }
    }
}

/// A set lists what may exist; a path that a person wrote should.
fn named_by_a_person(policy: &Policy, area: &Area) -> Option<pinfold_policy::Grant> {
    let lists = [&policy.read, &policy.write, &policy.copy_on_write];
    let mut grants = lists.into_iter().flatten();
    let is_it = |grant: &&pinfold_policy::Grant| {
        grant.set.is_none() && grant.target.host_path(&policy.places).is_some_and(|path| path == area.path)
    };
    if area.set.is_some() { None } else { grants.find(is_it).cloned() }
}

/// Turns areas into mounts.
pub(super) struct Layout<'a> {
    pub(super) policy: &'a Policy,
    pub(super) host: &'a Host,
    pub(super) identity: Identity,
}

impl Layout<'_> {
    /// The steps that build the root.
    pub(super) fn mounts(
        &self,
        sites: &[Site],
        outside: &Outside<'_>,
        protection: &Protection,
        network: Network,
    ) -> Vec<Mount> {
        let mut mounts: Vec<Mount> = sites.iter().filter_map(|site| self.mount(site)).collect();
        mounts.extend(links(self.host, sites));
        let is_shown = |path: &Path| covering(sites, path).is_some_and(|area| area.kind != AreaKind::Private);
        mounts.extend(gate::mounts(network, self.host, self.callers_own(), is_shown));
        let owner = self.workspace_owner();
        mounts.extend(outside.directories.iter().map(|path| self.bind(path, outside.mode, true, owner)));
        mounts.extend(protection.mounts.iter().cloned());
        mounts.extend(self.hidden());
        mounts
    }

    /// What an area is inside.
    fn mount(&self, Site { area, directory }: &Site) -> Option<Mount> {
        match area.kind {
            AreaKind::Private => self.private(area),
            _ => Some(self.visible(area, *directory)),
        }
    }

    /// A part of the host.
    fn visible(&self, area: &Area, directory: bool) -> Mount {
        let (path, owner) = (&area.path, self.owner(area));
        match area.kind {
            AreaKind::CopyOnWrite if self.host.overlay && directory => Mount::CopyOnWrite {
                source: path.to_owned(),
                at: path.to_owned(),
                store: self.host.layers.join(layer_name(path)),
                owner,
            },
            AreaKind::Write => self.bind(path, Mode::Writable, directory, owner),
            AreaKind::Read | AreaKind::CopyOnWrite | AreaKind::Private => {
                self.bind(path, Mode::ReadOnly, directory, owner)
            }
        }
    }

    fn bind(&self, path: &Path, mode: Mode, directory: bool, owner: Option<Owner>) -> Mount {
        Mount::Bind { source: path.to_owned(), at: path.to_owned(), mode, directory, create: false, owner }
    }

    /// A place of the sandbox's own.
    fn private(&self, area: &Area) -> Option<Mount> {
        if area.path == self.policy.places.home {
            return Some(Mount::Bind {
                source: self.host.private_home.clone(),
                at: area.path.clone(),
                mode: Mode::Writable,
                directory: true,
                create: true,
                owner: self.callers_own(),
            });
        }
        match area.path.to_str() {
            Some("/proc") => Some(Mount::Proc),
            // With `/dev` comes its own `shm`.
            Some("/dev") => Some(Mount::Devices),
            Some("/dev/shm") => None,
            _ => {
                let known = PRIVATE.iter().find(|(private, _)| area.path == Path::new(private));
                Some(Mount::Private { at: area.path.clone(), mode: known.map_or(0o755, |(_, mode)| *mode) })
            }
        }
    }

    /// Whose files appear as the command's own: in the workspace those of its owner, elsewhere the caller's. The
    /// system's files stay the system's.
    fn owner(&self, area: &Area) -> Option<Owner> {
        if area.set.as_deref() == Some("@system") {
            None
        } else if area.path == self.policy.places.workspace {
            self.workspace_owner()
        } else {
            self.callers_own()
        }
    }

    fn workspace_owner(&self) -> Option<Owner> {
        match self.identity {
            Identity::Shadow { owner_uid, owner_gid, .. } => Some(Owner { uid: owner_uid, gid: owner_gid }),
            Identity::Caller { .. } => None,
        }
    }

    fn callers_own(&self) -> Option<Owner> {
        let shadow = matches!(self.identity, Identity::Shadow { .. });
        shadow.then_some(Owner { uid: self.host.uid, gid: self.host.gid })
    }

    /// Covers over what deny rules and masks name, and over system files that only root can read.
    fn hidden(&self) -> impl Iterator<Item = Mount> {
        // The shadow of root may not read what only root may.
        let system = self.host.readable_secrets.iter().filter(|_| self.callers_own().is_none());
        let hide = |(path, directory): &(PathBuf, bool)| Mount::Hide { at: path.clone(), directory: *directory };
        let mask = |(at, text): (&PathBuf, &String)| Mount::Mask { at: at.clone(), text: text.clone() };
        self.host.denied.iter().chain(system).map(hide).chain(self.host.masked.iter().map(mask))
    }
}

/// The links that lead to what is visible. Those below a mount of the host are there already.
fn links(host: &Host, sites: &[Site]) -> impl Iterator<Item = Mount> {
    let missing = |path: &Path| {
        let areas = sites.iter().rev().map(|site| &site.area);
        let mut above = areas.filter(|area| path.starts_with(&area.path) && path != area.path);
        above.next().is_none_or(|area| area.kind == AreaKind::Private)
    };
    let links = host.links.iter().filter(move |(path, _)| missing(path));
    links.map(|(path, says)| Mount::Link { at: path.clone(), target: says.clone() })
}

/// The deepest area that contains a path.
pub(super) fn covering<'a>(sites: &'a [Site], path: &Path) -> Option<&'a Area> {
    sites.iter().rev().map(|site| &site.area).find(|area| path.starts_with(&area.path))
}

/// A directory name for the layer over a cache: its path with other separators.
fn layer_name(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').replace('%', "%25").replace('/', "%2F")
}
