//! What paths are, and which links are on the way to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_plan::Kind;
use pinfold_policy::Policy;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::listings::Listings;

/// What each path of the policy is. Missing ones are left out.
pub(super) fn kinds(policy: &Policy, listings: &Listings<'_>) -> BTreeMap<PathBuf, Kind> {
    let there = policy.layout().filter(|area| listings.may_hold(&area.path));
    there.filter_map(|area| kind(&area.path).map(|kind| (area.path.clone(), kind))).collect()
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
pub(super) fn behind_link(path: &Path, listings: &Listings<'_>) -> Option<PathBuf> {
    match listings.may_hold(path).then(|| kind(path)).flatten()? {
        Kind::Link { leads_to, .. } => Some(leads_to),
        Kind::Directory | Kind::File => None,
    }
}

/// The links that lead to what is visible.
pub(super) fn links(paths: &BTreeMap<PathBuf, Kind>, spelled: &[PathBuf]) -> BTreeMap<PathBuf, PathBuf> {
    let linked = paths.iter().filter(|(_, kind)| matches!(kind, Kind::Link { .. })).map(|(path, _)| path);
    let mut seen = BTreeMap::new();
    linked.chain(spelled).for_each(|path| follow(path, &mut seen));
    seen.into_iter().filter_map(|(path, says)| Some((path, says?))).collect()
}

/// Adds what is met on the way along an absolute path as the user wrote it: what a symbolic link says, nothing for what
/// is none.
fn follow(path: &Path, seen: &mut BTreeMap<PathBuf, Option<PathBuf>>) {
    const MOST_LINKS: usize = 40; // as the kernel, path_resolution(7)
    let mut links = 0;
    let mut rest: Vec<_> = path.components().map(|part| part.as_os_str().to_owned()).rev().collect();
    let mut at = PathBuf::new();
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let says = seen.entry(at.clone()).or_insert_with(|| std::fs::read_link(&at).ok());
        let Some(says) = says else { continue };
        if links == MOST_LINKS {
            break;
        }
        links += 1;
        at.pop();
        rest.extend(says.components().map(|part| part.as_os_str().to_owned()).rev());
    }
}

/// Whether there is anything at a path, a broken link included.
pub(super) fn exists(path: &Path) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}
