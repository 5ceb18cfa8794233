//! What paths are, and which links are on the way to them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;
use pinfold_policy::Policy;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// What each path of the policy is. Missing ones are left out.
pub(super) fn kinds(policy: &Policy) -> BTreeMap<PathBuf, Kind> {
    let home = Listing::of(&policy.places.home);
    let there = policy.layout().filter(|area| home.may_hold(&area.path));
    there.filter_map(|area| kind(&area.path).map(|kind| (area.path.clone(), kind))).collect()
}

/// The names in a directory: most of the tools that a policy knows are not on this machine, and one look is cheaper
/// than one for each.
struct Listing<'a> {
    directory: &'a Path,
    names: Option<BTreeSet<OsString>>,
}

impl<'a> Listing<'a> {
    /// So many names are worth a look.
    const MOST_NAMES: usize = 200;

    fn of(directory: &'a Path) -> Self {
        let entries = std::fs::read_dir(directory).ok();
        let names = entries.and_then(|entries| {
            entries.take(Self::MOST_NAMES + 1).map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>().ok()
        });
        Self { directory, names: names.filter(|names: &BTreeSet<_>| names.len() <= Self::MOST_NAMES) }
    }

    /// Whether there may be something at a path.
    fn may_hold(&self, path: &Path) -> bool {
        let (Some(names), Ok(below)) = (&self.names, path.strip_prefix(self.directory)) else { return true };
        below.components().next().is_none_or(|first| names.contains(first.as_os_str()))
    }
}

/// A path that a link is part of counts as a link, whichever part it is.
pub(super) fn kind(path: &Path) -> Option<Kind> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(found) => {
            let stat = rustix::fs::fstat(found).ok()?;
            let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            Some(if directory { Kind::Directory } else { Kind::File })
        }
        Err(Errno::LOOP) => {
            let real = std::fs::canonicalize(path).ok()?;
            let directory = real.is_dir();
            Some(Kind::Link { leads_to: real, directory })
        }
        Err(_) => None,
    }
}

/// Where a path leads that a link is part of.
pub(super) fn behind_link(path: &Path) -> Option<PathBuf> {
    match kind(path)? {
        Kind::Link { leads_to, .. } => Some(leads_to),
        Kind::Directory | Kind::File => None,
    }
}

/// The links that lead to what is visible.
pub(super) fn links(paths: &BTreeMap<PathBuf, Kind>, spelled: &[PathBuf]) -> BTreeMap<PathBuf, PathBuf> {
    let linked = paths.iter().filter(|(_, kind)| matches!(kind, Kind::Link { .. })).map(|(path, _)| path);
    linked.chain(spelled).flat_map(|path| links_on_the_way(path)).collect()
}

/// The symbolic links met on the way along an absolute path as the user wrote it, with what they say.
fn links_on_the_way(path: &Path) -> Vec<(PathBuf, PathBuf)> {
    const MOST_LINKS: usize = 40; // as the kernel, path_resolution(7)
    let mut links = Vec::new();
    let mut rest: Vec<_> = path.components().map(|part| part.as_os_str().to_owned()).rev().collect();
    let mut at = PathBuf::new();
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let Ok(says) = std::fs::read_link(&at) else { continue };
        if links.len() == MOST_LINKS {
            break;
        }
        links.push((at.clone(), says.clone()));
        at.pop();
        rest.extend(says.components().map(|part| part.as_os_str().to_owned()).rev());
    }
    links
}

/// Whether there is anything at a path, a broken link included.
pub(super) fn exists(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}
