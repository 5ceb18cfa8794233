//! Carries a journal out, from the beginning or from where it was left.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::node::Node;

use super::conflict::Conflict;
use super::error::Stop;
use super::ground::Ground;
use super::journal::{Journal, Note};
use super::said::open_up;
use super::{moves, notes, writes};

/// How it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// For the first time: nothing has been done, and what does not fit stops it.
    Fresh,
    /// Some may have been done already.
    Again,
    /// It turns another one back, of which some was done. What somebody else has changed meanwhile is left alone.
    Back,
}

/// Does all that is to be done, and tells what was left alone.
pub(super) fn carry_out(ground: &Ground<'_>, journal: &Journal, manner: Manner) -> Result<Vec<Conflict>, Stop> {
    let mut left = Vec::new();
    let mut settle = |done: Result<(), Stop>| match done {
        Err(Stop::Conflict(conflict)) if manner == Manner::Back => {
            left.push(conflict);
            Ok(())
        }
        done => done,
    };
    for note in journal.notes.iter().filter(|note| note.is_directory()) {
        open_directory(ground, note).map_err(|error| Stop::Failed(note.path.path().to_owned(), error))?;
    }
    journal.moves.iter().try_for_each(|step| settle(moves::carry(ground, step)))?;
    journal.writes.iter().try_for_each(|write| settle(writes::carry(ground, write, manner)))?;
    journal.notes.iter().rev().try_for_each(|note| settle(notes::carry(ground, note, manner)))?;
    Ok(left)
}

/// Lets us into a directory whose mode keeps even its owner out. What is said about it at the end closes it again.
fn open_directory(ground: &Ground<'_>, note: &Note) -> io::Result<()> {
    let named = match ground.tree.at(note.path.path(), OFlags::PATH) {
        Ok(named) => named,
        Err(error) => return is_elsewhere(&error).then_some(()).ok_or(error),
    };
    let node = Node::of(&rustix::fs::fstat(&named)?, None);
    if note.seen.fits(&node) { open_up(named.as_fd()) } else { Ok(()) }
}

/// Whether an error says that something is there no more, or that the way leads elsewhere by now.
pub(super) fn is_elsewhere(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV))
}
