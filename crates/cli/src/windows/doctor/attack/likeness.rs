//! What a path looks like from outside, to see whether anything about it has changed.

use std::collections::BTreeMap;
use std::os::windows::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pinfold_acl::Descriptor;
use pinfold_confine::windows::attack;

/// How closely one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Also at times, owners and access lists.
    Close,
    /// What is there, what it holds and its attributes: the lists of what is protected are the sandbox's to change.
    Content,
}

/// A path and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Likeness(BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    attributes: u32,
    content: Vec<u8>,
    close: Option<Close>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Close {
    /// Those of a file; a directory's change with what is in it.
    written: Option<u64>,
    made: u64,
    descriptor: Option<Descriptor>,
}

impl Likeness {
    pub(super) fn of(path: &Path, look: Look) -> Self {
        let mut entries = BTreeMap::new();
        collect(path, look, &mut entries);
        Self(entries)
    }
}

/// What is no directory is not followed.
fn collect(path: &Path, look: Look, entries: &mut BTreeMap<PathBuf, Entry>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    if metadata.is_dir() {
        let children = std::fs::read_dir(path).into_iter().flatten().flatten();
        children.for_each(|child| collect(&child.path(), look, entries));
    }
    let close = (look == Look::Close).then(|| Close {
        written: metadata.is_file().then(|| metadata.last_write_time()),
        made: metadata.creation_time(),
        descriptor: path.to_str().and_then(|path| attack::descriptor(path).ok()),
    });
    let content = if metadata.is_file() { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    entries.insert(path.to_owned(), Entry { attributes: metadata.file_attributes(), content, close });
}
