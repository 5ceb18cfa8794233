//! Removes what a transaction needs no more, and nothing that it does not know.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use crate::node::Time;
use crate::tree::{Tree, is_missing};

use super::begun::Begun;
use super::carry::is_elsewhere;
use super::error::Error;
use super::finished;
use super::ground::{Ground, INSIDE, KEPT};
use super::journal::{Journal, Move, Write};
use super::marks::{Mark, Marks, draft};
use super::said::{open_up, set_mode, set_time};
use super::seen::Seen;
use super::slot::Slot;

/// Nothing of the tree was touched: everything that was made goes, but not what was another's.
pub(super) fn after_failure(tree: &Tree, directory: &Path, error: Error) -> Error {
    if matches!(error, Error::InUse) {
        return error;
    }
    match Marks::open(directory).and_then(|marks| discard(tree, &marks)) {
        Ok(()) => error,
        Err(error) if is_missing(&error) => Error::failed(directory)(error),
        Err(error) => Error::unfinished(error),
    }
}

/// Removes everything that was made for a transaction that touched nothing.
pub(super) fn discard(tree: &Tree, marks: &Marks) -> io::Result<()> {
    let begun = if marks.has(Mark::Begun)? { marks.begun().ok() } else { None };
    if let Some(begun) = &begun {
        discard_slots(tree, marks, begun)?;
    }
    if !begun.is_some_and(|begun| begun.undoes) {
        discard_directory(&Slot::new(marks.directory(), KEPT))?;
    }
    remove_marks(marks, &[Mark::Begun])
}

/// The same before it is known which tree it is about.
pub(super) fn before_begun(marks: &Marks) -> io::Result<()> {
    discard_directory(&Slot::new(marks.directory(), KEPT))?;
    remove_marks(marks, &[Mark::RolledBack])
}

fn discard_slots(tree: &Tree, marks: &Marks, begun: &Begun) -> io::Result<()> {
    let Some(name) = &begun.inside else { return Ok(()) };
    discard_directory(&Slot::new(tree.root(), name.name()))?;
    remove_slots(tree, marks, begun, (begun.mode, begun.modified))
}

/// A directory with nothing but what we made, one deep, and itself; whether there was one.
fn discard_directory(directory: &Slot<'_>) -> io::Result<bool> {
    let opened = match directory.open() {
        Ok(opened) => opened,
        Err(error) if is_missing(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    empty(opened.as_fd())?;
    directory.remove_if_empty()
}

fn empty(directory: BorrowedFd<'_>) -> io::Result<()> {
    for name in Slot::new(directory, ".").names()? {
        Slot::new(directory, name).remove_if_empty()?;
    }
    Ok(())
}

/// All was done. Slots in the tree go; those beside it keep what was there, until that has been put back by undoing.
pub(super) fn after_finish(ground: &Ground<'_>, journal: &Journal) -> io::Result<()> {
    let undoes = ground.begun.undoes;
    for step in journal.moves.iter().filter(|_| undoes || !ground.keeps_originals()) {
        remove_one(&ground.slot(step.slot), step.old)?;
    }
    for write in &journal.writes {
        Slot::new(ground.marks.directory(), write.mark()).remove()?;
    }
    if undoes {
        empty(ground.kept_directory())?;
    }
    after_slots(ground.tree, &ground.marks, &ground.begun, journal)
}

/// The end of that.
pub(super) fn after_slots(tree: &Tree, marks: &Marks, begun: &Begun, journal: &Journal) -> io::Result<()> {
    let root = journal.note(Path::new("")).and_then(|note| note.new.as_ref());
    remove_slots(tree, marks, begun, root.map_or((begun.mode, begun.modified), |root| (root.mode, root.modified)))
}

/// All was turned back, but for what somebody else had changed, of which what was there before stays.
pub(super) fn after_rollback(ground: &Ground<'_>, journal: &Journal) -> io::Result<()> {
    journal.moves.iter().try_for_each(|step| forget_move(ground, step))?;
    journal.writes.iter().try_for_each(|write| forget_write(ground, write))?;
    if ground.begun.undoes {
        finished::refresh(ground, journal)?;
    }
    after_all(ground.tree, &ground.marks, &ground.begun)
}

/// The end of that. As long as something is kept, so are the marks that tell of it.
pub(super) fn after_all(tree: &Tree, marks: &Marks, begun: &Begun) -> io::Result<()> {
    remove_slots(tree, marks, begun, (begun.mode, begun.modified))?;
    if !begun.undoes {
        Slot::new(marks.directory(), KEPT).remove_if_empty()?;
        if marks.holds(KEPT)? {
            return Ok(());
        }
    }
    remove_marks(marks, &[Mark::Begun, Mark::RolledBack])
}

fn forget_move(ground: &Ground<'_>, step: &Move) -> io::Result<()> {
    let slot = ground.slot(step.slot);
    match (ground.keeps_originals(), ground.begun.undoes) {
        // They hold again what undoing would put back.
        (true, true) => {}
        (true, false) | (false, true) => remove_one(&slot, step.new)?,
        (false, false) => {
            let copy = ground.kept(&step.slot.to_string());
            if is_one(&slot, step.old)? {
                copy.rename(&format!("{}.left", step.slot))?;
            } else {
                copy.remove_if_empty()?;
            }
            remove_one(&slot, step.new)?;
            remove_one(&slot, step.old)?;
        }
    }
    Ok(())
}

fn forget_write(ground: &Ground<'_>, write: &Write) -> io::Result<()> {
    let mark = Slot::new(ground.marks.directory(), write.mark());
    if mark.node()?.is_some() && !is_back(ground, write)? {
        return Ok(());
    }
    if !ground.begun.undoes {
        write.contents().iter().try_for_each(|name| ground.kept(name).remove().map(drop))?;
    }
    mark.remove().map(drop)
}

/// Whether the file that was written to is still there, and so was written back.
fn is_back(ground: &Ground<'_>, write: &Write) -> io::Result<bool> {
    match ground.tree.node(write.path.path()) {
        Ok(node) => Ok(node.is_some_and(|node| node.identity.inode == write.seen.inode)),
        // Directories may be closed to their owner again.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(true),
        Err(error) if is_elsewhere(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what is known to lie there.
fn remove_one(slot: &Slot<'_>, known: Option<Seen>) -> io::Result<()> {
    if is_one(slot, known)? { slot.remove_if_empty().map(drop) } else { Ok(()) }
}

fn is_one(slot: &Slot<'_>, known: Option<Seen>) -> io::Result<bool> {
    let node = slot.node()?;
    Ok(node.zip(known).is_some_and(|(node, known)| node.identity.inode == known.inode))
}

/// The directory of slots in the tree goes without a trace.
fn remove_slots(tree: &Tree, marks: &Marks, begun: &Begun, root: (u32, Time)) -> io::Result<()> {
    let Some(name) = begun.inside.as_ref().filter(|_| marks.holds(INSIDE).unwrap_or(true)) else { return Ok(()) };
    let slots = Slot::new(tree.root(), name.name());
    open_up(tree.root())?;
    slots.remove_if_empty()?;
    if slots.node()?.is_none() {
        let (mode, modified) = root;
        set_mode(tree.root(), mode)?;
        set_time(tree.root(), modified)?;
        Slot::new(marks.directory(), INSIDE).remove()?;
    }
    Ok(())
}

/// Drafts first, then marks in the order given.
fn remove_marks(marks: &Marks, last: &[Mark]) -> io::Result<()> {
    for mark in [Mark::Begun, Mark::Journal, Mark::Finished] {
        Slot::new(marks.directory(), draft(mark)).remove()?;
    }
    last.iter().try_for_each(|mark| Slot::new(marks.directory(), mark.name()).remove().map(drop))
}
