//! What exists and could execute outside is sealed; what is missing is watched.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};

use pinfold_policy::{Area, AreaKind, Policy, Protect, Scope};

use crate::sites::{Outside, Site, covering};
use crate::{GitDirectory, Host, Mode, Watch};

/// How protected names are kept.
#[derive(Debug, Default)]
pub(crate) struct Protection {
    /// What happens to what exists, parents first; nothing below what is sealed.
    pub(crate) held: Vec<(PathBuf, Hold)>,
    /// Names that must not appear.
    pub(crate) watch: Vec<Watch>,
}

/// What happens to a path; the stronger of two wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// It keeps its place.
    Pin,
    /// It stays as it is, with all that is in it.
    Seal,
}

/// Protects git directories and names in every writable area.
pub(crate) fn protect(policy: &Policy, host: &Host, sites: &[Site], outside: &Outside<'_>) -> Protection {
    let mut holds = Holds::new(sites, outside);
    let in_place = host.denied_in_place.iter().map(PathBuf::as_path);
    let kept_in_place = less_open_places(sites).chain(in_place);
    kept_in_place.filter_map(Path::parent).for_each(|parent| holds.add(parent, Hold::Pin));
    // What would execute outside reaches no place outside before somebody takes it over.
    if policy.stage.value {
        return Protection { held: holds.outermost(), watch: Vec::new() };
    }
    for git in &host.git {
        holds.add(&git.path, Hold::Pin);
        if let Some(pointer) = &git.pointer {
            holds.add(pointer, Hold::Seal);
        }
        for protect in scoped(policy, Scope::Repository) {
            if git.existing.contains(&protect.name) {
                holds.add(&git.path.join(&protect.name), Hold::Seal);
            }
        }
    }
    for path in &host.protected {
        holds.add(path, Hold::Seal);
    }
    let opened_in_vain = sites.iter().map(|site| &site.area).filter(|area| policy.protects(area));
    holds.held.extend(opened_in_vain.map(|area| (area.path.clone(), Hold::Seal)));
    let workspace = covering(sites, &policy.places.workspace);
    let is_writable = workspace.is_some_and(|area| area.kind == AreaKind::Write);
    Protection { held: holds.outermost(), watch: watched(policy, &host.git, &host.present, is_writable) }
}

/// Protected names that do not exist: in git directories, and in the workspace where one could make them.
pub(crate) fn watched(
    policy: &Policy,
    git: &[GitDirectory],
    present: &BTreeSet<PathBuf>,
    workspace_is_writable: bool,
) -> Vec<Watch> {
    let mut watch = Vec::new();
    for git in git {
        let absent = scoped(policy, Scope::Repository).filter(|protect| !git.existing.contains(&protect.name));
        watch.extend(absent.filter_map(|protect| missing(&git.path.join(&protect.name), protect)));
    }
    if workspace_is_writable {
        for protect in scoped(policy, Scope::Workspace).chain(scoped(policy, Scope::Anywhere)) {
            let path = policy.places.workspace.join(&protect.name);
            if !present.contains(&path) {
                watch.extend(missing(&path, protect));
            }
        }
    }
    // By text, which for many names in one directory is far quicker than by parts.
    watch.sort_unstable_by(|one, other| text(one).cmp(&text(other)));
    watch.dedup();
    watch
}

fn text(watch: &Watch) -> (&OsStr, &OsStr, bool) {
    (watch.directory.as_os_str(), watch.name.as_os_str(), watch.files_only)
}

/// Places inside of a writable one that are less open, and must not be moved out of the way.
fn less_open_places(sites: &[Site]) -> impl Iterator<Item = &Path> {
    let (writable, others): (Vec<&Area>, Vec<&Area>) =
        sites.iter().map(|site| &site.area).partition(|area| area.kind == AreaKind::Write);
    let inside = move |path: &&Path| writable.iter().any(|place| path.starts_with(&place.path));
    others.into_iter().map(|area| area.path.as_path()).filter(inside)
}

/// The protections that count there.
pub(crate) fn scoped(policy: &Policy, scope: Scope) -> impl Iterator<Item = &Protect> {
    policy.protect.iter().filter(move |protect| protect.scope == scope)
}

/// Where a missing name would appear: the directory it lies in and its last part.
fn missing(path: &Path, protect: &Protect) -> Option<Watch> {
    let (directory, name) = (path.parent()?.to_owned(), path.file_name()?.into());
    Some(Watch { directory, name, files_only: !protect.directory })
}

/// Paths to hold, with their parents.
struct Holds<'a> {
    /// Places, and whether they can be written.
    places: HashMap<&'a Path, bool>,
    /// Some of them several times.
    held: Vec<(PathBuf, Hold)>,
    /// The writable place of the last of them.
    place: Option<&'a Path>,
}

impl<'a> Holds<'a> {
    fn new(sites: &'a [Site], outside: &Outside<'a>) -> Self {
        let covered = |path: &Path| outside.directories.iter().any(|directory| path.starts_with(directory));
        let areas = sites.iter().map(|site| &site.area).filter(|area| !covered(&area.path));
        let areas = areas.map(|area| (&*area.path, area.kind == AreaKind::Write));
        let outside = outside.directories.iter().map(|directory| (*directory, outside.mode == Mode::Writable));
        Self { places: areas.chain(outside).collect(), held: Vec::new(), place: None }
    }

    /// Holds a path if it can be written, and pins all directories between it and its writable place: otherwise one
    /// of them could be renamed and another put in its place.
    fn add(&mut self, path: &Path, hold: Hold) {
        if self.places.contains_key(path) {
            return;
        }
        let mut way = vec![(path.to_owned(), hold)];
        let known = path.ancestors().skip(1).find_map(|at| {
            let known = self.known(at);
            if known.is_none() {
                way.push((at.to_owned(), Hold::Pin));
            }
            known
        });
        if let Some((place, true)) = known {
            self.held.extend(way.into_iter().rev());
            self.place = Some(place);
        }
    }

    /// The place that a directory is or, if it is pinned already, lies in, and whether that can be written.
    fn known(&self, at: &Path) -> Option<(&'a Path, bool)> {
        let pinned = self.place.filter(|place| self.leads_to_last(at, place)).map(|place| (place, true));
        pinned.or_else(|| self.places.get_key_value(at).map(|(place, writable)| (*place, *writable)))
    }

    /// Whether a directory lies between the last path and its place. What is added after another mostly is its neighbour.
    fn leads_to_last(&self, at: &Path, place: &Path) -> bool {
        let last = self.held.last().is_some_and(|(last, _)| leads(at, last));
        last && at.as_os_str().len() > place.as_os_str().len()
    }

    /// Parents first; nothing below a sealed path, which is read-only with all that is in it.
    fn outermost(self) -> Vec<(PathBuf, Hold)> {
        let mut held = self.held;
        // Parts of it are in order, which this way of sorting makes use of.
        held.sort_by(|(one, hold), (other, than)| one.cmp(other).then(than.cmp(hold)));
        held.dedup_by(|weaker, stronger| weaker.0 == stronger.0);
        let mut sealed: Option<PathBuf> = None;
        held.retain(|(at, hold)| {
            // In this order what is below follows at once.
            sealed.take_if(|sealed| !leads(sealed, at));
            let within = sealed.is_some();
            if !within && *hold == Hold::Seal {
                sealed = Some(at.clone());
            }
            !within
        });
        held
    }
}

/// Whether a path is below a directory by its text, which is far quicker than by parts and misses what is spelled otherwise.
fn leads(directory: &Path, path: &Path) -> bool {
    let [directory, path] = [directory, path].map(|path| path.as_os_str().as_encoded_bytes());
    path.strip_prefix(directory).and_then(<[u8]>::first).is_some_and(|next| is_separator(char::from(*next)))
}
