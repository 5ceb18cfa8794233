//! All that can be known of a tree.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};

use crate::attributes::attributes;
use crate::node::{Attributes, Kind, Node, Time};
use crate::tree::node_at;

/// A tree, by path.
pub(in crate::transaction::tests) type World = BTreeMap<PathBuf, Thing>;

/// Something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::transaction::tests) struct Thing {
    pub(in crate::transaction::tests) kind: Kind,
    /// Not of links, whose mode means nothing.
    pub(in crate::transaction::tests) mode: u32,
    pub(in crate::transaction::tests) modified: Time,
    /// Nothing where it may not be read.
    pub(in crate::transaction::tests) attributes: Option<Attributes>,
    /// Nothing where it may not be read.
    pub(in crate::transaction::tests) content: Option<Vec<u8>>,
    /// The first name of the same file.
    pub(in crate::transaction::tests) first: PathBuf,
    /// Whether it takes as much of the disk as its length.
    pub(in crate::transaction::tests) dense: bool,
}

/// Looks at everything. Directories that are closed to their owner are opened meanwhile; files are not.
pub(in crate::transaction::tests) fn look(root: &Path) -> World {
    let mut world = World::new();
    enter(root, Path::new(""), &mut world, &mut HashMap::new());
    world
}

/// Where two trees differ, in words that fit a screen.
pub(in crate::transaction::tests) fn differences(one: &World, other: &World) -> Vec<String> {
    let paths = one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path));
    let brief = |thing: Option<&Thing>| {
        let thing = thing.cloned().map(|thing| Thing {
            content: thing.content.map(|all| all[all.len().saturating_sub(9)..].to_vec()),
            ..thing
        });
        format!("{thing:?}")
    };
    paths.map(|path| format!("{path:?}: {} and {}", brief(one.get(path)), brief(other.get(path)))).collect()
}

fn enter(root: &Path, path: &Path, world: &mut World, firsts: &mut HashMap<u64, PathBuf>) {
    let at = root.join(path);
    let node = node_at(CWD, at.as_os_str()).unwrap().unwrap();
    if !node.is_directory() {
        firsts.entry(node.identity.inode).or_insert_with(|| path.to_owned());
        let first = firsts[&node.identity.inode].clone();
        world.insert(path.to_owned(), thing(&at, node, first));
        return;
    }
    let closed = node.mode & 0o700 != 0o700;
    let mode = node.mode;
    if closed {
        fs::set_permissions(&at, fs::Permissions::from_mode(mode | 0o700)).unwrap();
    }
    world.insert(path.to_owned(), thing(&at, node, path.to_owned()));
    let mut names: Vec<_> = fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names.iter().for_each(|name| enter(root, &path.join(name), world, firsts));
    if closed {
        fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn thing(at: &Path, node: Node, first: PathBuf) -> Thing {
    use std::os::unix::fs::MetadataExt;
    let is_link = matches!(node.kind, Kind::Link { .. });
    let named = rustix::fs::openat(CWD, at, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let attributes = if is_link { Some(Attributes::new()) } else { attributes(named.as_fd()).ok() };
    let content = matches!(node.kind, Kind::File { .. }).then(|| fs::read(at).ok()).flatten();
    let there = fs::symlink_metadata(at).unwrap();
    let dense = there.is_file() && there.blocks() * 512 >= there.len();
    let mode = if is_link { 0 } else { node.mode };
    Thing { kind: node.kind, mode, modified: node.modified, attributes, content, first, dense }
}
