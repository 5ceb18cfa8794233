//! What a transaction stands on: the tree, its own directory, and the slots.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::node::Node;
use crate::tree::Tree;

use super::begun::{Begun, PREFIX};
use super::error::Error;
use super::journal::VERSION;
use super::marks::{Mark, Marks};
use super::said::open_up;
use super::slot::Slot;
use crate::letters::Letters;

/// The folder in a transaction's directory that keeps what was there before.
pub(super) const KEPT: &str = "kept";

/// The file that says that there are slots in the tree, or were without its time having been set back.
pub(super) const INSIDE: &str = "inside";

/// Everything that is changed, opened.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) tree: &'a Tree,
    pub(super) marks: Marks,
    pub(super) begun: Begun,
    kept: OwnedFd,
    inside: Option<OwnedFd>,
}

impl<'a> Ground<'a> {
    /// Makes a place for a new transaction.
    pub(super) fn begin(tree: &'a Tree, directory: &Path) -> Result<Self, Error> {
        let marks = fresh(directory)?;
        let begun = || {
            Slot::new(marks.directory(), KEPT).make_directory()?;
            let inside = if can_move(tree, &marks)? { None } else { Some(some_name()?) };
            head(tree, inside, false)
        };
        let begun = begun().map_err(Error::failed(directory))?;
        Self::enter(tree, marks, begun)
    }

    /// Makes a place for undoing the transaction above.
    pub(super) fn begin_undo(tree: &'a Tree, above: &Path, inside: bool) -> Result<Self, Error> {
        let directory = above.join(UNDO);
        let marks = fresh(&directory)?;
        let inside = if inside { Some(some_name().map_err(Error::failed(&directory))?) } else { None };
        let begun = head(tree, inside, true).map_err(Error::failed(&directory))?;
        Self::enter(tree, marks, begun)
    }

    fn enter(tree: &'a Tree, marks: Marks, begun: Begun) -> Result<Self, Error> {
        let path = marks.path().to_owned();
        let write = || {
            marks.draft(Mark::Begun, &begun)?;
            marks.set(Mark::Begun)?;
            let Some(name) = &begun.inside else { return Ok(()) };
            marks.touch(INSIDE)?;
            open_up(tree.root())?;
            Slot::new(tree.root(), name.name()).make_directory()
        };
        write().map_err(Error::failed(&path))?;
        Self::open(tree, marks, begun)
    }

    /// Opens the place of a transaction that has been begun.
    pub(super) fn open(tree: &'a Tree, marks: Marks, begun: Begun) -> Result<Self, Error> {
        let path = kept_path(&marks, &begun);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let kept = rustix::fs::open(&path, flags, Mode::empty()).map_err(io::Error::from);
        let kept = kept.map_err(Error::failed(&path))?;
        let open_inside = |name: &Letters| tree.directory(name.path()).map_err(Error::failed(name.path()));
        let inside = begun.inside.as_ref().map(open_inside).transpose()?;
        Ok(Self { tree, marks, begun, kept, inside })
    }

    /// Slot N.
    pub(super) fn slot(&self, number: u32) -> Slot<'_> {
        Slot::new(self.slots(), number.to_string())
    }

    /// The directory that the slots are in.
    pub(super) fn slots(&self) -> BorrowedFd<'_> {
        self.inside.as_ref().unwrap_or(&self.kept).as_fd()
    }

    /// Whether what is moved out of the tree can stay in the slots.
    pub(super) fn keeps_originals(&self) -> bool {
        self.inside.is_none()
    }

    /// Something that is kept.
    pub(super) fn kept(&self, name: &str) -> Slot<'_> {
        Slot::new(self.kept.as_fd(), name)
    }

    /// The directory of what is kept.
    pub(super) fn kept_directory(&self) -> BorrowedFd<'_> {
        self.kept.as_fd()
    }

    /// Waits until the disks have everything.
    pub(super) fn sync(&self) -> io::Result<()> {
        super::faults::point()?;
        rustix::fs::syncfs(self.tree.root())?;
        if self.inside.is_some() {
            rustix::fs::syncfs(self.marks.directory())?;
        }
        Ok(())
    }
}

/// The directory of the transaction that undoes one, below its own.
pub(super) const UNDO: &str = "undo";

/// Where a transaction keeps things.
pub(super) fn kept_path(marks: &Marks, begun: &Begun) -> PathBuf {
    let above = if begun.undoes { marks.path().parent() } else { None };
    above.unwrap_or(marks.path()).join(KEPT)
}

/// Whether it still is the directory that a transaction is about.
pub(super) fn open_tree(begun: &Begun) -> Result<Tree, Error> {
    let path = begun.tree.path();
    let tree = Tree::open(path).map_err(Error::failed(path))?;
    let node = Node::of(&rustix::fs::fstat(tree.root()).map_err(|error| Error::failed(path)(error.into()))?, None);
    if node.identity.inode == begun.inode { Ok(tree) } else { Err(Error::AnotherTree(path.to_owned())) }
}

fn fresh(directory: &Path) -> Result<Marks, Error> {
    match rustix::fs::mkdir(directory, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(Error::failed(directory)(error.into())),
    }
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    let used = [Mark::Begun.name(), Mark::Journal.name(), Mark::RolledBack.name(), KEPT, UNDO];
    for name in used {
        if marks.holds(name).map_err(Error::failed(directory))? {
            return Err(Error::InUse);
        }
    }
    Ok(marks)
}

fn head(tree: &Tree, inside: Option<Letters>, undoes: bool) -> io::Result<Begun> {
    let node = Node::of(&rustix::fs::fstat(tree.root())?, None);
    let path = std::path::absolute(tree.path())?;
    let (inode, mode, modified) = (node.identity.inode, node.mode, node.modified);
    Ok(Begun { version: VERSION, tree: Letters::from(&path), inode, inside, mode, modified, undoes })
}

/// Whether things can be moved from here to there. The kernel looks at that before it looks for the names.
fn can_move(tree: &Tree, marks: &Marks) -> io::Result<bool> {
    if rustix::fs::fstat(tree.root())?.st_dev != rustix::fs::fstat(marks.directory())?.st_dev {
        return Ok(false);
    }
    let name = some_name()?;
    match rustix::fs::renameat_with(marks.directory(), name.name(), tree.root(), name.name(), RenameFlags::NOREPLACE) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::XDEV) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn some_name() -> io::Result<Letters> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes[..], GetRandomFlags::empty())?;
    Ok(Letters::from(format!("{PREFIX}{:016x}", u64::from_ne_bytes(bytes))))
}
