//! What a path looks like, to see whether anything about it has changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Content and attributes of a path and of all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness(BTreeMap<PathBuf, Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    links: u64,
    changed: (i64, i64),
    attributes: BTreeMap<OsString, Vec<u8>>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Bytes(Vec<u8>),
    Link(PathBuf),
    Directory,
    Other,
}

impl Likeness {
    /// Of a path as it is now. Nothing, when it does not exist.
    pub fn of(path: &Path) -> Self {
        let mut entries = BTreeMap::new();
        collect(path, &mut entries);
        Self(entries)
    }

    /// Whether there is anything.
    pub fn exists(&self) -> bool {
        !self.0.is_empty()
    }

    /// The paths that differ, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differ = |path: &&&PathBuf| self.0.get(**path) != other.0.get(**path);
        let said: Vec<String> = paths
            .iter()
            .filter(differ)
            .map(|path| match (self.0.get(*path), other.0.get(*path)) {
                (None, _) => format!("{} appeared", path.display()),
                (_, None) => format!("{} is gone", path.display()),
                (Some(before), Some(after)) => format!("{} was {before:?} and is {after:?}", path.display()),
            })
            .collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

fn collect(path: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    let content = if metadata.is_dir() {
        let children: Vec<PathBuf> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).collect();
        children.iter().for_each(|child| collect(child, entries));
        Content::Directory
    } else if metadata.is_symlink() {
        Content::Link(std::fs::read_link(path).unwrap_or_default())
    } else if metadata.is_file() {
        Content::Bytes(std::fs::read(path).unwrap_or_default())
    } else {
        Content::Other
    };
    let entry = Entry {
        mode: metadata.mode(),
        owner: (metadata.uid(), metadata.gid()),
        links: metadata.nlink(),
        changed: (metadata.mtime(), metadata.mtime_nsec()),
        attributes: attributes(path),
        content,
    };
    entries.insert(path.to_owned(), entry);
}

/// Extended attributes.
fn attributes(path: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let mut names = vec![0_u8; 4096];
    let length = rustix::fs::llistxattr(path, &mut names[..]).unwrap_or(0);
    let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names
        .map(|name| {
            let name = std::ffi::OsStr::from_bytes(name);
            let mut value = vec![0_u8; 4096];
            let length = rustix::fs::lgetxattr(path, name, &mut value[..]).unwrap_or(0);
            value.truncate(length);
            (name.to_owned(), value)
        })
        .collect()
}
