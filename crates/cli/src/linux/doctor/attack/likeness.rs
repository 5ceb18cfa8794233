//! What a path looks like from outside, to see whether anything about it has changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How closely one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Everything: also links, times and attributes, which the time of the last change tells.
    Close,
    /// What is there and what it holds: content, mode and identity.
    Content,
}

/// A path and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Likeness(BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: u32,
    inode: u64,
    /// Links, and times of change.
    close: Option<(u64, i64, i64, i64, i64)>,
    content: Vec<u8>,
}

impl Likeness {
    pub(super) fn of(path: &Path, look: Look) -> Self {
        let mut entries = BTreeMap::new();
        collect(path, look, &mut entries);
        Self(entries)
    }
}

fn collect(path: &Path, look: Look, entries: &mut BTreeMap<PathBuf, Entry>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    if metadata.is_dir() {
        let children = std::fs::read_dir(path).into_iter().flatten().flatten();
        children.for_each(|child| collect(&child.path(), look, entries));
    }
    let close = (metadata.nlink(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
    let entry = Entry {
        mode: metadata.mode(),
        owner: metadata.uid(),
        inode: metadata.ino(),
        close: (look == Look::Close).then_some(close),
        content: if metadata.is_file() { std::fs::read(path).unwrap_or_default() } else { Vec::new() },
    };
    entries.insert(path.to_owned(), entry);
}
