//! A walk over everything that layers say something about: as long as what was written, not as the tree.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::directory::{Directory, why_closed};
use super::entry::{Entry, LeftOut};
use super::stack::Layers;
use crate::limits;
use crate::node::Node;
use crate::tree::{Tree, node_at};

/// There is more than what is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// More paths than [`limits::CHANGES`].
    #[error("more than {} paths were changed", limits::CHANGES)]
    Paths,
    /// They are longer than [`limits::ALL_PATHS_BYTES`].
    #[error("the changed paths are longer than {} bytes, all together", limits::ALL_PATHS_BYTES)]
    Bytes,
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Sorted by path.
    pub(crate) entries: Vec<Entry>,
    /// Why there are not more.
    pub(crate) exceeded: Option<Exceeded>,
    path_bytes: usize,
}

/// Looks at everything that layers have, and lists what is below real directories that they hide or remove.
///
/// A list of directories still to be seen stands in for recursion, so that no depth exhausts the stack or the descriptors.
pub(crate) fn walk(layers: &Layers) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let mut directories = vec![Directory::top(layers.count())];
    while let Some(directory) = directories.pop() {
        let opened = directory.open(layers)?;
        for name in opened.names()? {
            let mut entry = opened.entry(&name)?;
            directories.extend(entry.inside.take());
            let removed = removed_directory(&entry);
            let layer = entry.layer;
            walked.add(entry);
            if let Some(path) = removed {
                walked.add_below(layers.real(), path, layer)?;
            }
            if walked.exceeded.is_some() {
                return Ok(walked.sorted());
            }
        }
    }
    Ok(walked.sorted())
}

/// A real directory that is no directory any more, and can be looked into.
fn removed_directory(entry: &Entry) -> Option<PathBuf> {
    let is_directory = |node: &Option<Node>| node.as_ref().is_some_and(Node::is_directory);
    (is_directory(&entry.before) && !is_directory(&entry.after) && entry.left_out.is_none()).then(|| entry.path.clone())
}

impl Walked {
    /// What lies in neither place is none of them.
    fn add(&mut self, entry: Entry) {
        if entry.before.is_none() && entry.after.is_none() {
            return;
        }
        self.path_bytes += entry.path.as_os_str().len();
        self.entries.push(entry);
        if self.entries.len() > limits::CHANGES {
            self.exceeded = Some(Exceeded::Paths);
        } else if self.path_bytes > limits::ALL_PATHS_BYTES {
            self.exceeded = Some(Exceeded::Bytes);
        }
    }

    /// Everything below a real directory, as removed.
    fn add_below(&mut self, real: &Tree, path: PathBuf, layer: usize) -> io::Result<()> {
        let mut directories = vec![path];
        while let Some(path) = directories.pop() {
            let directory = real.directory(&path)?;
            for name in real.names(&path)? {
                let Some(node) = node_at(directory.as_fd(), &name)? else { continue };
                let entry = removed(directory.as_fd(), &path, &name, node, layer)?;
                if entry.before.as_ref().is_some_and(Node::is_directory) && entry.left_out.is_none() {
                    directories.push(entry.path.clone());
                }
                self.add(entry);
                if self.exceeded.is_some() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn sorted(mut self) -> Self {
        self.entries.sort_by(|one, other| one.path.cmp(&other.path));
        self
    }
}

fn removed(
    directory: std::os::fd::BorrowedFd<'_>,
    above: &Path,
    name: &OsStr,
    node: Node,
    layer: usize,
) -> io::Result<Entry> {
    let path = above.join(name);
    let left_out = match LeftOut::of_path(&path) {
        None if node.is_directory() => why_closed(directory, name, OFlags::RDONLY)?,
        too_much => too_much,
    };
    Ok(Entry { path, before: Some(node), after: None, layer, inside: None, left_out })
}
