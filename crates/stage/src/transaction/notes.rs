//! What is said about files and directories when all else is done.

use std::os::fd::AsFd;

use rustix::fs::OFlags;

use crate::node::Node;

use super::carry::Manner;
use super::conflict::Conflict;
use super::error::Stop;
use super::ground::Ground;
use super::journal::Note;

/// Says it, if the very same still lies there.
pub(super) fn carry(ground: &Ground<'_>, note: &Note, manner: Manner) -> Result<(), Stop> {
    let Some(new) = &note.new else { return Ok(()) };
    let path = note.path.path();
    let named = ground.tree.at(path, OFlags::PATH).map_err(Stop::at(path))?;
    let stat = rustix::fs::fstat(&named).map_err(|error| Stop::Failed(path.to_owned(), error.into()))?;
    let node = Node::of(&stat, None);
    if !is_expected(note, &node, manner) {
        return Err(Stop::Conflict(Conflict::differs(path, Some(&note.seen), Some(&node))));
    }
    new.apply(named.as_fd()).map_err(|error| Stop::Failed(path.to_owned(), error))
}

/// What was interrupted may be half said: then its time is one of both.
fn is_expected(note: &Note, node: &Node, manner: Manner) -> bool {
    let is_it = node.identity.inode == note.seen.inode && node.is_directory() == note.is_directory();
    let is_time = |said: &super::Said| said.modified == node.modified;
    let is_ours =
        note.is_directory() || note.old.as_ref().is_some_and(is_time) || note.new.as_ref().is_some_and(is_time);
    is_it && if manner == Manner::Fresh { note.seen.fits(node) } else { is_ours }
}
