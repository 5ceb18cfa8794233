//! What is visible, and as what: areas of the policy to mounts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, Policy};

use super::gate;
use crate::protect::{Hold, Protection};
use crate::sites::{Outside, Site, covering};
use crate::{Host, Identity, Mode, Mount, Network, Owner, Stage};

/// Directories that programs expect and that hold nothing of the host, with their permission bits.
const PRIVATE: [(&str, u32); 4] = [("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), ("/dev/shm", 0o1777)];

/// Directories in which people keep things that they may want to grant (FHS 3.0, chapter 3), and one of our own for what is no
/// place of the host.
const LATER: [&str; 6] = ["/.pinfold/given", "/home", "/media", "/mnt", "/opt", "/srv"];

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
        let staged = |site: &&Site| self.is_staged_with_another(sites, site);
        let mut mounts: Vec<Mount> =
            sites.iter().filter(|site| !staged(site)).filter_map(|site| self.mount(site)).collect();
        mounts.extend(links(self.host, sites));
        mounts.extend(self.places(sites));
        let is_shown = |path: &Path| covering(sites, path).is_some_and(|area| area.kind != AreaKind::Private);
        mounts.extend(gate::mounts(network, self.host, self.callers_own(), is_shown));
        let owner = self.workspace_owner();
        mounts.extend(outside.directories.iter().map(|path| {
            self.staged(path, owner)
                .filter(|_| outside.mode == Mode::Writable)
                .unwrap_or_else(|| self.bind(path, outside.mode, true, owner))
        }));
        mounts.extend(protection.held.iter().map(held));
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
                store: self.host.layers.join(Stage::name_of(path)),
                frozen: Vec::new(),
                owner,
            },
            AreaKind::Write if self.policy.stages(path) => {
                self.staged(path, owner).unwrap_or_else(|| self.bind(path, Mode::ReadOnly, directory, owner))
            }
            AreaKind::Write => self.bind(path, Mode::Writable, directory, owner),
            AreaKind::Read | AreaKind::CopyOnWrite | AreaKind::Private => {
                self.bind(path, Mode::ReadOnly, directory, owner)
            }
        }
    }

    /// A place that is written to in a stage.
    fn staged(&self, path: &Path, owner: Option<Owner>) -> Option<Mount> {
        let stage = self.host.stage.as_ref().filter(|_| self.policy.stage.value)?;
        let name = Stage::name_of(path);
        Some(Mount::CopyOnWrite {
            source: path.to_owned(),
            at: path.to_owned(),
            store: stage.top.join(&name),
            frozen: stage.frozen.iter().map(|layer| layer.join(&name).join("upper")).collect(),
            owner,
        })
    }

    /// Whether a place lies in another one that is staged, and is as open.
    fn is_staged_with_another(&self, sites: &[Site], site: &Site) -> bool {
        let Site { area, .. } = site;
        let around = area.path.parent().and_then(|parent| covering(sites, parent));
        let open = |area: &Area| area.kind == AreaKind::Write && self.policy.stages(&area.path);
        open(area) && around.is_some_and(open)
    }

    fn bind(&self, path: &Path, mode: Mode, directory: bool, owner: Option<Owner>) -> Mount {
        Mount::Bind { source: path.to_owned(), at: path.to_owned(), mode, directory, create: false, owner }
    }

    /// Where something could be shown later, should the user grant it: directories at the top that are no part of the host.
    fn places(&self, sites: &[Site]) -> impl Iterator<Item = Mount> {
        let top = |path: &Path| path.ancestors().filter(|path| path.parent().is_some()).last().map(Path::to_owned);
        let policy = &self.policy.places;
        let tops = [top(&policy.home), top(&policy.workspace)].into_iter().flatten();
        let tops: BTreeSet<PathBuf> = LATER.iter().map(PathBuf::from).chain(tops).collect();
        tops.into_iter().filter(|top| covering(sites, top).is_none()).map(|at| Mount::Place { at })
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

fn held((at, hold): &(PathBuf, Hold)) -> Mount {
    match hold {
        Hold::Pin => Mount::Pin { at: at.clone() },
        Hold::Seal => Mount::Seal { at: at.clone() },
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
