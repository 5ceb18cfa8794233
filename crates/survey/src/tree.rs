//! The directories of one survey: parent, name and stamp of each, in two flat arrays.

use crate::sys::Stamp;

/// A directory. While a walk runs, the upper bits tell which thread's tree it is in.
pub(crate) type Id = u32;

/// How many low bits count within one thread's tree.
const INDEX_BITS: u32 = 24;
/// The most directories that one thread can note.
pub(crate) const MAXIMUM: usize = 1 << INDEX_BITS;
/// Marks the parent field of a root; the rest is the root's number.
const ROOT: u32 = 1 << 31;

#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    /// Where the name begins; it ends where the next one begins.
    name: u32,
    stamp: Stamp,
}

/// Directories with their names and stamps: 24 bytes and the name for each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    names: Vec<u8>,
}

/// The id of a directory in the tree of thread `thread`.
pub(crate) fn id(thread: usize, index: usize) -> Id {
    ((thread as u32) << INDEX_BITS) | index as u32
}

fn parts(id: Id) -> (usize, usize) {
    ((id >> INDEX_BITS) as usize, (id & (MAXIMUM as u32 - 1)) as usize)
}

impl Tree {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The memory that this takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>() + self.names.capacity()
    }

    pub(crate) fn push_root(&mut self, root: usize, stamp: Stamp) -> usize {
        self.push(ROOT | root as u32, &[], stamp)
    }

    /// Notes a directory; `None` once names or nodes no longer fit.
    pub(crate) fn push_child(&mut self, parent: Id, name: &[u8], stamp: Stamp) -> Option<usize> {
        let fits = self.nodes.len() < MAXIMUM && self.names.len() + name.len() <= u32::MAX as usize;
        fits.then(|| self.push(parent, name, stamp))
    }

    fn push(&mut self, parent: u32, name: &[u8], stamp: Stamp) -> usize {
        self.nodes.push(Node { parent, name: self.names.len() as u32, stamp });
        self.names.extend_from_slice(name);
        self.nodes.len() - 1
    }

    pub(crate) fn stamp(&self, index: usize) -> Stamp {
        self.nodes[index].stamp
    }

    pub(crate) fn set_stamp(&mut self, index: usize, stamp: Stamp) {
        self.nodes[index].stamp = stamp;
    }

    pub(crate) fn name(&self, index: usize) -> &[u8] {
        let end = match self.nodes.get(index + 1) {
            Some(next) => next.name as usize,
            None => self.names.len(),
        };
        &self.names[self.nodes[index].name as usize..end]
    }

    pub(crate) fn parent(&self, index: usize) -> Option<usize> {
        let parent = self.nodes[index].parent;
        (parent & ROOT == 0).then_some(parent as usize)
    }

    /// Gives each directory without a fate that of the nearest one above that has one, or `otherwise`.
    pub(crate) fn inherit<T: Copy>(&self, fates: &mut [Option<T>], otherwise: T) {
        let mut below = Vec::new();
        for directory in 0..fates.len() {
            let mut at = Some(directory);
            while let Some(index) = at.filter(|&index| fates[index].is_none()) {
                below.push(index);
                at = self.parent(index);
            }
            let fate = at.and_then(|index| fates[index]).unwrap_or(otherwise);
            below.drain(..).for_each(|index| fates[index] = Some(fate));
        }
    }

    /// Writes the path of a directory, relative to its root, and returns the root's number and the depth.
    pub(crate) fn path_into(&self, index: usize, path: &mut Vec<u8>) -> (usize, usize) {
        path.clear();
        let (mut at, mut length, mut depth) = (index, 0, 0);
        while let Some(parent) = self.parent(at) {
            length += self.name(at).len() + 1;
            depth += 1;
            at = parent;
        }
        let root = (self.nodes[at].parent & !ROOT) as usize;
        // From the end, as the climb goes from the leaf to the root.
        path.resize(length.saturating_sub(1), b'/');
        let (mut at, mut end) = (index, path.len());
        while let Some(parent) = self.parent(at) {
            let name = self.name(at);
            path[end - name.len()..end].copy_from_slice(name);
            end = (end - name.len()).saturating_sub(1);
            at = parent;
        }
        (root, depth)
    }

    /// Joins the trees of all threads; `trees[n]` belongs to thread n.
    pub(crate) fn join(trees: Vec<Tree>) -> (Tree, Bases) {
        let mut starts = Vec::with_capacity(trees.len());
        let mut total = 0;
        for tree in &trees {
            starts.push(total);
            total += tree.len();
        }
        let bases = Bases(starts);
        let names: usize = trees.iter().map(|tree| tree.names.len()).sum();
        let mut joined = Tree::default();
        let mut trees = trees.into_iter();
        if let Some(first) = trees.next() {
            joined = first;
            joined.nodes.reserve_exact(total - joined.nodes.len());
            joined.names.reserve_exact(names - joined.names.len());
            joined.relocate(0, &bases);
        }
        for tree in trees {
            let (from, offset) = (joined.nodes.len(), joined.names.len() as u32);
            joined.nodes.extend(tree.nodes.iter().map(|node| Node { name: node.name + offset, ..*node }));
            joined.names.extend_from_slice(&tree.names);
            joined.relocate(from, &bases);
        }
        (joined, bases)
    }

    fn relocate(&mut self, from: usize, bases: &Bases) {
        for node in &mut self.nodes[from..] {
            if node.parent & ROOT == 0 {
                node.parent = bases.index(node.parent) as u32;
            }
        }
    }

    /// The tree without the directories that `gone` marks (and with all that are below one of them marked);
    /// also where each directory is now.
    pub(crate) fn without(&self, gone: &[bool]) -> (Tree, Vec<Id>) {
        let mut places = vec![0; self.nodes.len()];
        let mut next = 0;
        for (place, gone) in places.iter_mut().zip(gone) {
            *place = next;
            next += Id::from(!gone);
        }
        let mut tree = Tree::default();
        for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| !gone[*index]) {
            let parent = self.parent(index).map_or(node.parent, |parent| places[parent]);
            tree.push(parent, self.name(index), node.stamp);
        }
        (tree, places)
    }
}

/// Where each thread's directories begin in the joined tree.
pub(crate) struct Bases(Vec<usize>);

impl Bases {
    pub(crate) fn index(&self, id: Id) -> usize {
        let (thread, index) = parts(id);
        self.0[thread] + index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { ctime_ns: 1, identity: 2 };

    #[test]
    fn trees_of_two_threads_join_into_one_with_all_paths_intact() {
        let (mut first, mut second) = (Tree::default(), Tree::default());
        let root = first.push_root(3, STAMP);
        let a = first.push_child(id(0, root), b"a", STAMP).unwrap();
        let b = second.push_child(id(0, a), b"b", STAMP).unwrap();
        first.push_child(id(1, b), b"\xff", STAMP).unwrap();
        let (tree, bases) = Tree::join(vec![first, second]);
        let mut path = Vec::new();
        assert_eq!(tree.path_into(bases.index(id(0, 2)), &mut path), (3, 3));
        assert_eq!(path, b"a/b/\xff");
        assert_eq!(tree.path_into(bases.index(id(1, b)), &mut path), (3, 2));
        assert_eq!(path, b"a/b");
        assert_eq!(tree.path_into(0, &mut path), (3, 0));
        assert_eq!(path, b"");
    }

    #[test]
    fn directories_that_are_gone_leave_the_rest_in_place() {
        let mut tree = Tree::default();
        tree.push_root(0, STAMP);
        tree.push_child(0, b"gone", STAMP);
        tree.push_child(0, b"here", STAMP);
        tree.push_child(2, b"deep", STAMP);
        let (tree, places) = tree.without(&[false, true, false, false]);
        let mut path = Vec::new();
        tree.path_into(places[3] as usize, &mut path);
        assert_eq!((tree.len(), path.as_slice()), (3, b"here/deep".as_slice()));
    }
}
