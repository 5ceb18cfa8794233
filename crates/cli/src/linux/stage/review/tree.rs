//! Entries as a tree of directories that fold.

use std::ffi::OsStr;
use std::ops::Range;

use pinfold_policy::plain;

use super::entry::Entry;

/// A new directory with more in it than this is folded at first.
const FOLDED: usize = 20;

/// A tree, in the order in which it is shown.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// A row of it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) depth: usize,
    /// What can be chosen at this path; nothing for a directory that is only on the way.
    pub(super) entry: Option<usize>,
    /// All that are at it or below.
    pub(super) entries: Range<usize>,
    /// The first node that is not below it.
    end: usize,
    /// Whether something is below it.
    pub(super) is_folder: bool,
    pub(super) folded: bool,
}

impl Tree {
    /// A tree of entries, which are sorted by place and path. `roots` are the names of the places.
    pub(super) fn of(roots: &[String], entries: &[Entry]) -> Self {
        let mut tree = Self::default();
        let mut start = 0;
        for (place, name) in roots.iter().enumerate() {
            let end = start + entries[start..].iter().take_while(|entry| entry.place == place).count();
            if start < end {
                let root = tree.open(plain(name), 0, None, start..end);
                tree.add(entries, start..end, 0, 1);
                tree.close(root);
            }
            start = end;
        }
        tree
    }

    /// The node of a number.
    pub(super) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    /// The numbers of the nodes that no folded one hides.
    pub(super) fn visible(&self) -> Vec<usize> {
        let mut visible = Vec::new();
        let mut next = 0;
        while let Some(node) = self.nodes.get(next) {
            visible.push(next);
            next = if node.folded { node.end } else { next + 1 };
        }
        visible
    }

    /// Folds a directory, or unfolds it. False where there is nothing to fold.
    pub(super) fn fold(&mut self, number: usize, folded: bool) -> bool {
        let Some(node) = self.nodes.get_mut(number).filter(|node| node.is_folder && node.folded != folded) else {
            return false;
        };
        node.folded = folded;
        true
    }

    /// The directory that a node is in.
    pub(super) fn above(&self, number: usize) -> Option<usize> {
        (0..number).rev().find(|above| self.nodes[*above].end > number)
    }

    /// Nodes for the names at a level of paths.
    fn add(&mut self, entries: &[Entry], range: Range<usize>, level: usize, depth: usize) {
        let mut start = range.start;
        while start < range.end {
            let group = together(entries, start..range.end, level);
            let mut names = vec![name(entries, start, level)];
            let (mut level, (mut own, mut inside)) = (level, parted(entries, &group, level));
            // Directories with nothing but a directory in them are one row.
            while own.is_none_or(|own| is_new_directory(&entries[own])) && is_one_directory(entries, &inside, level + 1)
            {
                level += 1;
                names.push(name(entries, inside.start, level));
                (own, inside) = parted(entries, &inside, level);
            }
            let label = own.and_then(|own| entries[own].label.clone());
            let mut shown = label.unwrap_or_else(|| names.join("/"));
            if !inside.is_empty() || own.is_some_and(|own| entries[own].is_directory) {
                shown.push('/');
            }
            start = group.end;
            let node = self.open(plain(&shown), depth, own, group);
            self.nodes[node].is_folder = !inside.is_empty();
            let all_ignored = entries[self.nodes[node].entries.clone()].iter().all(|entry| entry.ignored);
            self.nodes[node].folded = all_ignored && !inside.is_empty()
                || own.is_some_and(|own| is_new_directory(&entries[own])) && inside.len() > FOLDED;
            self.add(entries, inside, level + 1, depth + 1);
            self.close(node);
        }
    }

    fn open(&mut self, name: String, depth: usize, entry: Option<usize>, entries: Range<usize>) -> usize {
        self.nodes.push(Node { name, depth, entry, entries, end: 0, is_folder: true, folded: false });
        self.nodes.len() - 1
    }

    fn close(&mut self, node: usize) {
        self.nodes[node].end = self.nodes.len();
    }
}

/// The name of an entry's path at a level.
fn raw(entries: &[Entry], entry: usize, level: usize) -> Option<&OsStr> {
    entries[entry].path.iter().nth(level)
}

fn name(entries: &[Entry], entry: usize, level: usize) -> String {
    raw(entries, entry, level).unwrap_or_default().to_string_lossy().into_owned()
}

/// The entries that have the name of the first at a level.
fn together(entries: &[Entry], range: Range<usize>, level: usize) -> Range<usize> {
    let first = raw(entries, range.start, level);
    let same = |entry: &usize| first.is_some() && raw(entries, *entry, level) == first;
    let length = range.clone().take_while(same).count().max(1);
    range.start..range.start + length
}

/// The entry of a group that ends at a level, and those that go on.
fn parted(entries: &[Entry], group: &Range<usize>, level: usize) -> (Option<usize>, Range<usize>) {
    let own = (!group.is_empty() && raw(entries, group.start, level + 1).is_none()).then_some(group.start);
    (own, group.start + usize::from(own.is_some())..group.end)
}

/// Whether all that there is is in one directory, or is one that is new.
fn is_one_directory(entries: &[Entry], range: &Range<usize>, level: usize) -> bool {
    !range.is_empty()
        && together(entries, range.clone(), level) == *range
        && parted(entries, range, level).0.is_none_or(|own| is_new_directory(&entries[own]))
}

fn is_new_directory(entry: &Entry) -> bool {
    entry.letter == 'A' && entry.is_directory
}
