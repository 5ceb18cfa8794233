//! Trees to begin with, and what is compared of them in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};

/// A directory that is gone in the end.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("pinfold-overlay-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The tree that runs begin with.
pub(crate) fn make(root: &Path) {
    fs::create_dir_all(root.join("a/b/c")).unwrap();
    fs::create_dir_all(root.join("b/a")).unwrap();
    for file in ["a/a", "a/b/a", "a/b/c/d", "b/b", "b/a/c", "c"] {
        fs::write(root.join(file), format!("{file}\n")).unwrap();
    }
    symlink("a/a", root.join("b/c")).unwrap();
    rustix::fs::setxattr(root.join("a/a"), "user.mine", b"first", XattrFlags::empty()).unwrap();
    fs::set_permissions(root.join("b/b"), PermissionsExt::from_mode(0o755)).unwrap();
    let time = Timespec { tv_sec: 1, tv_nsec: 1 };
    let times = Timestamps { last_access: time, last_modification: time };
    for file in ["a/a", "a/b/a", "a/b/c/d", "b/b", "b/a/c", "c", "b/c"] {
        rustix::fs::utimensat(CWD, root.join(file), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
}

/// What is compared of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Kind, permissions, content or target, attributes, and time (not of directories).
    pub(crate) what: String,
    /// The first name, of a file.
    first: PathBuf,
}

pub(crate) type Snapshot = BTreeMap<PathBuf, Seen>;

/// Forgets whose other names the new ones of files are that lie as they lay before: each of those is taken over as a file of
/// its own.
pub(crate) fn forget_names_of_unchanged(before: &Snapshot, [direct, real]: [&mut Snapshot; 2]) {
    let is_unchanged = |path: &PathBuf, seen: &Seen| before.get(path).is_some_and(|before| before.what == seen.what);
    let unchanged = direct.iter().filter(|(path, seen)| is_unchanged(path, seen));
    let unchanged: BTreeSet<PathBuf> = unchanged.map(|(_, seen)| seen.first.clone()).collect();
    for (path, seen) in direct.iter_mut().filter(|(_, seen)| unchanged.contains(&seen.first)) {
        seen.first.clone_from(path);
        if let Some(seen) = real.get_mut(path) {
            seen.first.clone_from(path);
        }
    }
}

pub(crate) fn snapshot(root: &Path) -> Snapshot {
    let mut all = BTreeMap::new();
    let mut first: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        let mut names: Vec<_> =
            fs::read_dir(root.join(&directory)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for name in names {
            let path = directory.join(name);
            let metadata = fs::symlink_metadata(root.join(&path)).unwrap();
            if metadata.is_dir() {
                directories.push(path.clone());
            }
            let is_file = metadata.is_file();
            let first = if is_file {
                first.entry(metadata.ino()).or_insert_with(|| path.clone()).clone()
            } else {
                path.clone()
            };
            all.insert(path.clone(), Seen { what: shown(&root.join(&path), &metadata), first });
        }
    }
    all
}

/// All of it: also which files they are, and when anything about them was last changed.
pub(crate) fn exactly(root: &Path) -> BTreeMap<PathBuf, (String, [i64; 7])> {
    let with_numbers = |path: PathBuf, seen: Seen| {
        let of = fs::symlink_metadata(root.join(&path)).unwrap();
        let times = [of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec()];
        let numbers = [of.ino().cast_signed(), of.nlink().cast_signed(), i64::from(of.uid())];
        let all = [numbers.as_slice(), &times].concat().try_into().unwrap();
        (path, (seen.what, all))
    };
    snapshot(root).into_iter().map(|(path, seen)| with_numbers(path, seen)).collect()
}

fn shown(path: &Path, metadata: &fs::Metadata) -> String {
    let mut attributes = [0; 256];
    let length = rustix::fs::llistxattr(path, &mut attributes).unwrap();
    let mut value = [0; 64];
    let mine = rustix::fs::lgetxattr(path, "user.mine", &mut value).map(|length| value[..length].to_vec());
    let attributes = format!("{} {:?}", attributes[..length].escape_ascii(), mine.ok());
    let mode = metadata.mode() & 0o7777;
    let time = (metadata.mtime(), metadata.mtime_nsec());
    if metadata.is_dir() {
        format!("directory {mode:o} {attributes}")
    } else if metadata.is_symlink() {
        format!("link {} {time:?}", fs::read_link(path).unwrap().display())
    } else {
        let content = fs::read(path).unwrap();
        let end = content[content.len().saturating_sub(64)..].escape_ascii();
        format!("file {mode:o} {attributes} {time:?} {} {end}", content.len())
    }
}
