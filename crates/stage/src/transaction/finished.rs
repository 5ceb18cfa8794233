//! What a transaction left, by which undoing it tells what somebody has changed since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::node::{Node, Time};

use super::carry::is_elsewhere;
use super::error::{Damage, Error};
use super::ground::{Ground, KEPT};
use super::journal::{Journal, VERSION};
use super::marks::{Mark, Marks};
use super::said::Said;
use super::seen::Shape;
use crate::letters::Letters;
use crate::store::remove_tree;

/// The paths at which a transaction that has finished has made something else.
///
/// # Errors
/// When it has not, or what it has done cannot be read.
pub fn changed(directory: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    Ok(marks.journal(Mark::Journal)?.changed())
}

/// What lay at paths when a transaction had finished. Directories are not among it.
///
/// # Errors
/// When it has not, or what it has left cannot be read.
pub fn left(directory: &Path) -> Result<BTreeMap<Letters, Which>, Error> {
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    Ok(marks.finished()?.left)
}

/// Gives up what a transaction that has finished has replaced: it can be undone no more.
///
/// # Errors
/// When something of it cannot be removed.
pub fn give_up_replaced(directory: &Path) -> io::Result<()> {
    remove_tree(&directory.join(KEPT))
}

/// What lay at paths when all was done. Directories are not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    /// [`VERSION`].
    pub version: u32,
    /// By path.
    pub left: BTreeMap<Letters, Which>,
}

/// An identity without the device, whose number changes when a machine starts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `st_ino`.
    pub inode: u64,
    /// `st_ctime`.
    pub changed: Time,
}

impl Finished {
    /// Reads one.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let finished: Self = serde_json::from_slice(bytes)?;
        if finished.version == VERSION { Ok(finished) } else { Err(Damage::Version(finished.version)) }
    }
}

impl Finished {
    /// What lies there now.
    pub(super) fn of(ground: &Ground<'_>, journal: &Journal) -> io::Result<Self> {
        let moved = journal.moves.iter().filter_map(|step| Some((&step.path, step.new?.shape)));
        let written = journal.writes.iter().map(|write| (&write.path, write.seen.shape));
        let noted = journal.notes.iter().map(|note| (&note.path, note.seen.shape));
        let mut left = BTreeMap::new();
        for (path, _) in moved.chain(written).chain(noted).filter(|(_, shape)| *shape != Shape::Directory) {
            if let Some(node) = look(ground, path.path())? {
                left.insert(path.clone(), Which::of(&node));
            }
        }
        Ok(Self { version: VERSION, left })
    }
}

/// When undoing was turned back, what it touched has another `st_ctime` than the transaction above left it with. What
/// somebody else has changed meanwhile does not look as it did, and stays what it is: changed.
pub(super) fn refresh(ground: &Ground<'_>, undone: &Journal) -> io::Result<()> {
    let Some(above) = ground.marks.path().parent() else { return Ok(()) };
    let above = Marks::open(above)?;
    let mut finished = above.finished().map_err(io::Error::other)?;
    let moved: HashMap<_, _> = undone.moves.iter().map(|step| (&step.path, step.old)).collect();
    let written = undone.writes.iter().map(|write| (&write.path, Some(&write.old)));
    let noted = undone.notes.iter().filter(|note| !note.is_directory()).map(|note| (&note.path, note.old.as_ref()));
    let said: HashMap<_, _> = noted.chain(written).collect();
    for (path, left) in &mut finished.left {
        let Some(node) = look(ground, path.path())?.filter(|node| node.identity.inode == left.inode) else { continue };
        let looks = moved.get(path).is_none_or(|old| old.is_some_and(|old| old.fits(&node)));
        let sounds = said.get(path).is_none_or(|old| old.is_some_and(|old| is_said(old, &node)));
        if looks && sounds {
            *left = Which::of(&node);
        }
    }
    above.draft(Mark::Finished, &finished)?;
    above.set(Mark::Finished)
}

fn is_said(said: &Said, node: &Node) -> bool {
    (said.mode, said.modified) == (node.mode, node.modified)
}

/// Directories that are closed to their owner by now are looked into no more: what is in them is told by its look.
fn look(ground: &Ground<'_>, path: &Path) -> io::Result<Option<Node>> {
    match ground.tree.node(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied || is_elsewhere(&error) => Ok(None),
        other => other,
    }
}

impl Which {
    /// Which one something is.
    pub(crate) fn of(node: &Node) -> Self {
        Self { inode: node.identity.inode, changed: node.identity.changed }
    }
}
