//! What is visible, and as what: areas of the policy to mounts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, Policy};

use super::PlanError;
use super::protect::Protection;
use crate::{Host, Identity, Kind, Mode, Mount, Network, Owner};

/// Directories that programs expect and that hold nothing of the host, with their permission bits.
const PRIVATE: [(&str, u32); 4] = [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/dev/shm", 0o1777)];

/// The areas that exist on this host, in an order in which each comes after those that contain it.
pub(super) fn areas(policy: &Policy, host: &Host) -> Result<Vec<Area>, PlanError> {
    let mut areas = Vec::new();
    for area in policy.layout() {
        if area.kind == AreaKind::Private || host.kind(&area.path).is_some() {
            areas.push(area);
        } else if let Some(grant) = named_by_a_person(policy, &area) {
            return Err(PlanError::Missing { path: area.path, grant });
        }
    }
    Ok(areas)
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
    pub(super) fn mounts(&self, areas: &[Area], protection: &Protection, network: Network) -> Vec<Mount> {
        let mut mounts: Vec<Mount> = areas.iter().filter_map(|area| self.in_place(area)).collect();
        for area in areas {
            mounts.extend(self.elsewhere(area, &mounts));
        }
        mounts.extend(links(self.host, areas));
        if network == Network::Host
            && let Some(resolver) = &self.host.resolver
        {
            mounts.push(self.bind(resolver, Mode::ReadOnly, false, None));
        }
        mounts.extend(self.git_directories_outside(areas));
        mounts.extend(protection.mounts.iter().cloned());
        mounts.extend(self.hidden());
        mounts
    }

    /// An area whose path is what it says.
    fn in_place(&self, area: &Area) -> Option<Mount> {
        if area.kind == AreaKind::Private {
            return self.private(area);
        }
        match self.host.kind(&area.path)? {
            Kind::Link { .. } => None,
            found => Some(self.visible(area, &area.path, *found == Kind::Directory)),
        }
    }

    /// An area whose path is a link: what it leads to, unless that is visible already.
    fn elsewhere(&self, area: &Area, mounts: &[Mount]) -> Option<Mount> {
        let Kind::Link { leads_to, directory } = self.host.kind(&area.path)? else { return None };
        let needed = area.kind == AreaKind::Write || !is_covered(leads_to, mounts);
        (area.kind != AreaKind::Private && needed).then(|| self.visible(area, leads_to, *directory))
    }

    /// A part of the host.
    fn visible(&self, area: &Area, path: &Path, directory: bool) -> Mount {
        let owner = self.owner(area);
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

    /// The real git directory of a workspace that is itself a linked worktree or submodule lies outside of it:
    /// without it nobody could commit.
    fn git_directories_outside(&self, areas: &[Area]) -> Vec<Mount> {
        let outside: BTreeSet<&PathBuf> =
            self.host.git.iter().filter(|git| git.outside).map(|git| &git.path).collect();
        let writable = |path: &Path| covering(areas, path).is_some_and(|area| area.kind == AreaKind::Write);
        let mut mounted: Vec<&PathBuf> = Vec::new();
        for path in outside {
            // Sorted, so a common directory comes before the worktree directories in it.
            if !mounted.iter().any(|parent| path.starts_with(parent)) && !writable(path) {
                mounted.push(path);
            }
        }
        let owner = self.workspace_owner();
        mounted.into_iter().map(|path| self.bind(path, Mode::Writable, true, owner)).collect()
    }

    /// Covers over what deny rules name, and over system files that only root can read.
    fn hidden(&self) -> impl Iterator<Item = Mount> {
        // The shadow of root may not read what only root may.
        let system = self.host.readable_secrets.iter().filter(|_| self.callers_own().is_none());
        let hide = |(path, directory): &(PathBuf, bool)| Mount::Hide { at: path.clone(), directory: *directory };
        self.host.denied.iter().chain(system).map(hide)
    }
}

/// The links that lead to what is visible. Those below a mount of the host are there already.
fn links(host: &Host, areas: &[Area]) -> impl Iterator<Item = Mount> {
    let missing = |path: &Path| {
        let mut above = areas.iter().rev().filter(|area| path.starts_with(&area.path) && path != area.path);
        above.next().is_none_or(|area| area.kind == AreaKind::Private)
    };
    let links = host.links.iter().filter(move |(path, _)| missing(path));
    links.map(|(path, says)| Mount::Link { at: path.clone(), target: says.clone() })
}

/// The deepest area that contains a path.
pub(super) fn covering<'a>(areas: &'a [Area], path: &Path) -> Option<&'a Area> {
    areas.iter().rev().find(|area| path.starts_with(&area.path))
}

fn is_covered(path: &Path, mounts: &[Mount]) -> bool {
    mounts.iter().any(|mount| !matches!(mount, Mount::Link { .. }) && path.starts_with(mount.at()))
}

/// A directory name for the layer over a cache: its path with other separators.
fn layer_name(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').replace('%', "%25").replace('/', "%2F")
}
