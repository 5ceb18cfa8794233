//! A machine in memory: files with lists that are inherited, a disk for the journal, and a crash at any step.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use pinfold_acl::{Ace, Acl, Child, Inherit, Label, Sid, inherited, renewed};

use super::super::{Change, List, Lists, Storage};
use crate::windows::FileId;

/// Something with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) child: Child,
    pub(super) dacl: Acl,
    pub(super) label: Option<Label>,
}

/// Files by their paths, of which the first one is the volume.
pub(super) type Tree = BTreeMap<String, Node>;

/// The user, who owns everything.
pub(super) fn user() -> Sid {
    Sid::new(5, &[21, 1, 1, 1, 1001]).unwrap()
}

/// Puts something into a tree, with what it inherits and entries and a label of its own.
pub(super) fn add(tree: &mut Tree, path: &str, child: Child, own: &[Ace], label: Option<Label>) {
    let node = Node { child, dacl: Acl(own.to_vec()), label };
    tree.insert(path.to_owned(), node);
    renew(tree, path);
}

/// Lets one inherit what it inherits now.
fn renew(tree: &mut Tree, path: &str) {
    let Some(parent) = path.rsplit_once('\\').and_then(|(parent, _)| tree.get(parent)).cloned() else { return };
    let node = tree.get_mut(path).unwrap();
    node.dacl = renewed(&node.dacl, &parent.dacl, node.child, &user(), &user());
    if node.label.is_none_or(|label| label.inherit.inherited) {
        node.label = parent.label.and_then(|label| label.inherited(node.child));
    }
}

/// All below, parents before their children.
fn below(tree: &Tree, path: &str) -> Vec<String> {
    let start = format!("{path}\\");
    tree.keys().filter(|other| other.starts_with(&start)).cloned().collect()
}

/// When the machine crashes: after so many steps, none for never.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate {
    left: Rc<Cell<Option<usize>>>,
    once: Rc<Cell<bool>>,
}

impl Fate {
    pub(super) fn crash_after(steps: usize) -> Self {
        Self { left: Rc::new(Cell::new(Some(steps))), ..Self::default() }
    }

    /// Not a crash but an error, after which everything goes on.
    pub(super) fn fail_once_after(&self, steps: usize) {
        self.once.set(true);
        self.left.set(Some(steps));
    }

    /// Of `ways` in which this step may be broken off, the one that it is.
    fn broken_off(&self, ways: usize) -> Option<usize> {
        let left = self.left.get()?;
        match left.checked_sub(ways) {
            Some(rest) => {
                self.left.set(Some(rest));
                None
            }
            None => {
                self.left.set(Some(0).filter(|_| !self.once.get()));
                Some(left)
            }
        }
    }
}

fn crash<T>() -> io::Result<T> {
    Err(io::Error::other("the machine crashed"))
}

/// Files and what has been done to them.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) tree: Tree,
    pub(super) writes: usize,
    /// Paths that nobody may open.
    pub(super) closed: Vec<String>,
    /// The numbers of files at some paths.
    pub(super) numbers: BTreeMap<String, u128>,
    /// Numbers of files that are somewhere else now.
    pub(super) moved: Vec<u128>,
    pub(super) fate: Fate,
}

impl Machine {
    pub(super) fn new(tree: Tree) -> Self {
        let (closed, numbers, moved) = Default::default();
        Self { tree, writes: 0, closed, numbers, moved, fate: Fate::default() }
    }

    /// Somebody gives a file another name, and makes another file of its first one.
    pub(super) fn exchange(&mut self, path: &str, other_name: &str, new: u128) {
        let node = self.tree.remove(path).unwrap();
        self.tree.insert(other_name.to_owned(), node);
        self.moved.extend(self.numbers.insert(path.to_owned(), new));
        add(&mut self.tree, path, Child::File, &[], None);
    }

    /// The first one gets its name back, and the other is gone.
    pub(super) fn exchange_back(&mut self, path: &str, other_name: &str) {
        let node = self.tree.remove(other_name).unwrap();
        self.tree.insert(path.to_owned(), node);
        self.numbers.extend(self.moved.pop().map(|first| (path.to_owned(), first)));
    }

    fn set(&mut self, path: &str, change: &Change) {
        let node = self.tree.get_mut(path).unwrap();
        let passes_on = |inherit: Inherit| inherit.files || inherit.directories || inherit.only;
        let asked_of_a_file = change.dacl.iter().flat_map(|dacl| &dacl.0).any(|ace| passes_on(ace.inherit));
        assert!(node.child == Child::Directory || !asked_of_a_file || passes_on_already(node), "{path}");
        if let Some(dacl) = &change.dacl {
            node.dacl = dacl.clone();
        }
        if let Some(label) = change.label {
            node.label = label;
        }
        renew(&mut self.tree, path);
    }

    /// Others pass their part of what they inherit on; what somebody else may have done to it is not looked at.
    fn pass_on(&mut self, path: &str, part: (usize, usize)) {
        let all = below(&self.tree, path);
        let some = all.len() * part.0 / part.1;
        all.iter().take(some).for_each(|path| renew(&mut self.tree, path));
    }
}

impl Lists for Machine {
    fn read(&self, path: &str) -> io::Result<List> {
        if self.closed.iter().any(|closed| closed == path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let Node { child, dacl, label } = self.tree.get(path).ok_or(io::ErrorKind::NotFound)?.clone();
        let file = self.numbers.get(path).map(|number| FileId { volume: 1, file: *number });
        Ok(List { directory: child == Child::Directory, file, dacl, label })
    }

    fn is_somewhere(&self, _: &str, file: FileId) -> bool {
        self.moved.contains(&file.file)
    }

    fn write(&mut self, path: &str, change: &Change) -> io::Result<()> {
        let whole = change.clone();
        match self.fate.broken_off(6) {
            Some(0) => return crash(),
            // Nothing passed on, and of two parts one.
            Some(1) => self.set(path, &Change { label: None, ..whole }),
            Some(2) => self.set(path, &Change { dacl: None, ..whole }),
            Some(3) => {
                self.set(path, &whole);
                self.pass_on(path, (1, 2));
            }
            // The other way round: it is passed on before it is there.
            Some(4) => {
                let before = self.tree[path].clone();
                self.set(path, &whole);
                self.pass_on(path, (1, 2));
                self.tree.insert(path.to_owned(), before);
            }
            broken_off => {
                self.set(path, &whole);
                self.pass_on(path, (1, 1));
                self.writes += 1;
                return if broken_off.is_some() { crash() } else { Ok(()) };
            }
        }
        crash()
    }
}

/// Whether somebody has given a file entries for what is not in it.
fn passes_on_already(node: &Node) -> bool {
    node.dacl.0.iter().any(|ace| ace.inherit.files || ace.inherit.directories || ace.inherit.only)
}

/// Where the journal is. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) bytes: Rc<RefCell<Option<Vec<u8>>>>,
    pub(super) copies: Rc<RefCell<Vec<Vec<u8>>>>,
    pub(super) fate: Fate,
}

impl Storage for Disk {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.bytes.borrow().clone())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let broken_off = self.fate.broken_off(6);
        let some = match broken_off {
            None => bytes.len(),
            Some(way) => [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1, bytes.len()][way],
        };
        self.bytes.borrow_mut().as_mut().unwrap().extend(&bytes[..some]);
        if broken_off.is_some() { crash() } else { Ok(()) }
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let broken_off = self.fate.broken_off(2);
        if broken_off != Some(0) {
            *self.bytes.borrow_mut() = Some(bytes.to_vec());
        }
        if broken_off.is_some() { crash() } else { Ok(()) }
    }

    fn keep_copy(&mut self) -> io::Result<String> {
        self.copies.borrow_mut().push(self.bytes.borrow().clone().unwrap());
        Ok("a copy".into())
    }
}

/// What a child of the volume inherits from it.
pub(super) fn volume() -> Tree {
    let own = [Ace::allow(user(), pinfold_acl::Access::FILE_ALL, Inherit::ALL)];
    let mut tree = Tree::new();
    add(&mut tree, "C:", Child::Directory, &own, None);
    assert!(!inherited(&tree["C:"].dacl, Child::File, &user(), &user()).0.is_empty());
    tree
}
