//! Changed files as a tree.

use std::collections::BTreeMap;

use pinfold_ledger::Text;
use pinfold_ledger::event::Change;

use crate::limits::{CHANGES_MAX, TREE_DEPTH_MAX};

/// Changed files by their paths.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    files: BTreeMap<String, (Change, Option<u64>, Option<String>)>,
    /// Changes that there was no room for.
    pub(crate) more: u64,
}

/// A directory, or a file that changed.
#[derive(Debug)]
pub(crate) enum Node {
    /// A directory with what is in it.
    Directory(BTreeMap<String, Node>),
    /// A file: how it changed, its size, and its earlier path.
    File(Change, Option<u64>, Option<String>),
}

impl Changes {
    pub(super) fn add(&mut self, path: Text, what: Change, from: Option<Text>, size: Option<u64>) {
        let path = path.to_string();
        let what = match (self.files.get(&path).map(|(what, ..)| *what), what) {
            (None, _) if self.files.len() >= CHANGES_MAX => {
                self.more += 1;
                return;
            }
            // Before the session it was not there.
            (Some(Change::Created), Change::Modified) => Change::Created,
            (_, what) => what,
        };
        self.files.insert(path, (what, size, from.map(|from| from.to_string())));
    }

    /// How many files changed.
    pub(crate) fn count(&self) -> u64 {
        self.files.len() as u64 + self.more
    }

    /// How many changed in this way, of those that there was room for.
    pub(crate) fn count_of(&self, wanted: Change) -> usize {
        self.files.values().filter(|(what, ..)| *what == wanted).count()
    }

    /// The files in their directories, with paths from the workspace where they are in it.
    pub(crate) fn tree(&self, workspace: &str) -> BTreeMap<String, Node> {
        let mut root = BTreeMap::new();
        for (path, (what, size, from)) in &self.files {
            let inside = path.strip_prefix(workspace).and_then(|path| path.strip_prefix('/'));
            insert(&mut root, inside.unwrap_or(path), Node::File(*what, *size, from.clone()));
        }
        joined(root)
    }
}

fn insert(root: &mut BTreeMap<String, Node>, path: &str, node: Node) {
    let mut parts: Vec<&str> = path.splitn(TREE_DEPTH_MAX, '/').collect();
    let name = parts.pop().unwrap_or_default();
    let mut directory = root;
    for part in parts {
        // A file that became a directory is shown beside it.
        let name =
            if matches!(directory.get(part), Some(Node::File(..))) { format!("{part}/") } else { part.to_owned() };
        let below = directory.entry(name).or_insert_with(|| Node::Directory(BTreeMap::new()));
        let Node::Directory(below) = below else { return };
        directory = below;
    }
    directory.insert(name.to_owned(), node);
}

/// Directories that hold one directory only are one line: `src/a/b`.
fn joined(nodes: BTreeMap<String, Node>) -> BTreeMap<String, Node> {
    let join = |(name, node)| match node {
        Node::File(..) => (name, node),
        Node::Directory(below) => {
            let mut below = joined(below);
            match below.pop_first() {
                Some((only, Node::Directory(inner))) if below.is_empty() => {
                    (format!("{name}/{only}"), Node::Directory(inner))
                }
                Some((first, node)) => {
                    below.insert(first, node);
                    (name, Node::Directory(below))
                }
                None => (name, Node::Directory(below)),
            }
        }
    };
    nodes.into_iter().map(join).collect()
}
