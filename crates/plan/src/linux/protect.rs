//! What exists and could execute outside is sealed; what is missing is watched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pinfold_policy::{Area, AreaKind, Policy, Protect, Scope};

use super::files::covering;
use crate::{Host, Mount, Watch};

/// How protected names are kept.
#[derive(Debug, Default)]
pub(super) struct Protection {
    /// Pins and seals, parents first.
    pub(super) mounts: Vec<Mount>,
    /// Names that must not appear.
    pub(super) watch: Vec<Watch>,
}

/// What happens to a path; the stronger of two wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    Pin,
    Seal,
}

/// Protects git directories and names in every writable area.
pub(super) fn protect(policy: &Policy, host: &Host, areas: &[Area]) -> Protection {
    let mut holds = Holds { areas, held: BTreeMap::new() };
    let mut watch = BTreeSet::new();
    for git in &host.git {
        holds.git_directory(&git.path, git.outside);
        if let Some(pointer) = &git.pointer {
            holds.add(pointer, Hold::Seal);
        }
        for protect in scoped(policy, Scope::Repository) {
            if git.existing.contains(&protect.name) {
                holds.inside_git(&git.path.join(&protect.name), git.outside);
            } else {
                watch.extend(missing(&git.path, protect));
            }
        }
    }
    for path in &host.protected {
        holds.add(path, Hold::Seal);
    }
    let workspace = &policy.places.workspace;
    if covering(areas, workspace).is_some_and(|area| area.kind == AreaKind::Write) {
        let everywhere = scoped(policy, Scope::Workspace).chain(scoped(policy, Scope::Anywhere));
        let absent = everywhere.filter(|protect| !host.present.contains(&workspace.join(&protect.name)));
        watch.extend(absent.filter_map(|protect| missing(workspace, protect)));
    }
    Protection { mounts: holds.into_mounts(), watch: watch.into_iter().collect() }
}

fn scoped(policy: &Policy, scope: Scope) -> impl Iterator<Item = &Protect> {
    policy.protect.iter().filter(move |protect| protect.scope == scope)
}

/// Where a missing name would appear: the directory it lies in and its last part.
fn missing(directory: &Path, protect: &Protect) -> Option<Watch> {
    let path = directory.join(&protect.name);
    let (directory, name) = (path.parent()?.to_owned(), path.file_name()?.into());
    Some(Watch { directory, name, files_only: !protect.directory })
}

/// Paths to hold, with their parents.
struct Holds<'a> {
    areas: &'a [Area],
    held: BTreeMap<PathBuf, Hold>,
}

impl Holds<'_> {
    fn git_directory(&mut self, path: &Path, outside: bool) {
        if outside {
            self.held.entry(path.to_owned()).or_insert(Hold::Pin);
        } else {
            self.add(path, Hold::Pin);
        }
    }

    fn inside_git(&mut self, path: &Path, outside: bool) {
        if outside {
            self.held.insert(path.to_owned(), Hold::Seal);
        } else {
            self.add(path, Hold::Seal);
        }
    }

    /// Holds a path if it can be written, and pins all directories between it and its writable area: otherwise one
    /// of them could be renamed and another put in its place.
    fn add(&mut self, path: &Path, hold: Hold) {
        let Some(area) = covering(self.areas, path).filter(|area| area.kind == AreaKind::Write) else { return };
        let parents = path.ancestors().skip(1).take_while(|parent| **parent != area.path);
        for parent in parents {
            self.held.entry(parent.to_owned()).or_insert(Hold::Pin);
        }
        if path != area.path {
            let held = self.held.entry(path.to_owned()).or_insert(hold);
            *held = hold.max(*held);
        }
    }

    /// Parents first; nothing below a sealed path, which is read-only with all that is in it.
    fn into_mounts(self) -> Vec<Mount> {
        let mut sealed: Option<PathBuf> = None;
        let mut mounts = Vec::with_capacity(self.held.len());
        for (at, hold) in self.held {
            if sealed.as_ref().is_some_and(|sealed| at.starts_with(sealed)) {
                continue;
            }
            mounts.push(match hold {
                Hold::Pin => Mount::Pin { at },
                Hold::Seal => {
                    sealed = Some(at.clone());
                    Mount::Seal { at }
                }
            });
        }
        mounts
    }
}
