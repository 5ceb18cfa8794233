//! Where files are by now that lay elsewhere before, by their numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::changed::Changed;
use crate::limits;
use crate::node::{Kind, Node};
use crate::tree::Tree;

/// Where files are by now, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Holders(HashMap<u64, Vec<PathBuf>>);

impl Holders {
    /// Of files that changes speak of, at paths that they speak of, and elsewhere where one has names that nobody touched.
    pub(super) fn find(tree: &Tree, changes: &[&Changed], found: &BTreeMap<&Path, Option<Node>>) -> Self {
        let mut holders = Self::default();
        for (path, node) in found {
            if let Some(node) = node.as_ref().filter(|node| is_file(node)) {
                holders.0.entry(node.identity.inode).or_default().push((*path).to_owned());
            }
        }
        let shared = shared(changes);
        if !shared.is_empty() {
            holders.search(tree, &shared, found);
        }
        holders
    }

    /// The paths of a file.
    pub(super) fn of(&self, inode: u64) -> &[PathBuf] {
        self.0.get(&inode).map_or(&[], Vec::as_slice)
    }

    /// Looks through the whole tree.
    fn search(&mut self, tree: &Tree, inodes: &BTreeSet<u64>, found: &BTreeMap<&Path, Option<Node>>) {
        let mut waiting = vec![PathBuf::new()];
        let mut seen = 0;
        while let Some(directory) = waiting.pop() {
            for path in tree.names(&directory).unwrap_or_default().into_iter().map(|name| directory.join(name)) {
                seen += 1;
                let Ok(Some(node)) = tree.node(&path) else { continue };
                if node.is_directory() {
                    waiting.push(path);
                } else if is_file(&node) && inodes.contains(&node.identity.inode) && !found.contains_key(&*path) {
                    self.0.entry(node.identity.inode).or_default().push(path);
                }
            }
            if seen > limits::CHANGES {
                return;
            }
        }
    }
}

fn is_file(node: &Node) -> bool {
    matches!(node.kind, Kind::File { .. })
}

/// Files that had more names than were touched.
fn shared(changes: &[&Changed]) -> BTreeSet<u64> {
    let mut names: HashMap<u64, (u64, u64)> = HashMap::new();
    for was in changes.iter().filter_map(|change| change.was.as_ref()).filter(|was| was.is_file()) {
        let (touched, links) = names.entry(was.number()).or_insert((0, 0));
        *touched += 1;
        *links = (*links).max(was.links);
    }
    names.into_iter().filter(|(_, (touched, links))| links > touched).map(|(inode, _)| inode).collect()
}
