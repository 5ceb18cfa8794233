//! Turns a finished transaction back, as a transaction of its own.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::node::{Kind, Node};
use crate::tree::Tree;

use super::check::look;
use super::clean;
use super::commit::commit;
use super::conflict::{Conflict, Reason};
use super::error::Error;
use super::finished::{Finished, Which};
use super::ground::{Ground, UNDO, kept_path, open_tree};
use super::journal::{Journal, Move, Note};
use super::keep::Keeper;
use super::marks::{Mark, Marks};
use super::recover::{Recovered, forget_undo, recover};
use super::said::Said;
use super::seen::{Seen, Shape};
use crate::letters::Letters;
use crate::objects;

/// Makes all as it was before a finished transaction: contents, what is said about them, and which names share a file. A
/// directory that somebody has said something else about since keeps that, and new objects of a repository that stays stay in it.
///
/// # Errors
/// [`Error::Conflicts`] with all that somebody has changed since: nothing was touched. [`Error::AlreadyUndone`];
/// [`Error::NothingToUndo`] when it never was finished. Otherwise as [`Transaction::commit`](super::Transaction::commit).
pub fn undo(directory: &Path) -> Result<(), Error> {
    undo_accepting(directory, &|_| false)
}

/// The same, where somebody may have changed some files since: nothing in them would be missed.
///
/// # Errors
/// As [`undo`].
pub fn undo_accepting(directory: &Path, accepts: &dyn Fn(&Path) -> bool) -> Result<(), Error> {
    match recover(directory)? {
        Recovered::Finished => {}
        Recovered::Undone => return Err(Error::AlreadyUndone),
        Recovered::Nothing | Recovered::RolledBack(_) => return Err(Error::NothingToUndo),
    }
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    let (begun, mut finished) = (marks.begun()?, marks.finished()?);
    let mut journal = marks.journal(Mark::Journal)?.inverted();
    let tree = open_tree(&begun)?;
    leave_objects(&tree, &mut journal);
    accept(&tree, &mut journal, &mut finished, accepts)?;
    check(&tree, &journal, &finished)?;
    let undone = turn(&tree, directory, journal, begun.inside.is_some());
    if undone.is_err() {
        forget_undo(directory)?;
    }
    undone
}

fn turn(tree: &Tree, directory: &Path, journal: Journal, inside: bool) -> Result<(), Error> {
    let begun = Ground::begin_undo(tree, directory, inside);
    match begun.and_then(|ground| Ok((prepare(&ground, journal)?, ground))) {
        Ok((journal, ground)) => commit(&ground, &journal),
        Err(error) => Err(clean::after_failure(tree, &directory.join(UNDO), error)),
    }
}

/// New objects of repositories that stay are left in them.
fn leave_objects(tree: &Tree, journal: &mut Journal) {
    let gone: HashSet<PathBuf> =
        journal.moves.iter().filter(|step| step.new.is_none()).map(|step| step.path.path().to_owned()).collect();
    let stays = |path: &Letters| objects::stays(tree, path.path(), |path| gone.contains(path));
    journal.moves.retain(|step| step.new.is_some() || !stays(&step.path));
    journal.notes.retain(|note| note.new.is_some() || !stays(&note.path));
}

/// Takes files as they are by now for what was left.
fn accept(
    tree: &Tree,
    journal: &mut Journal,
    finished: &mut Finished,
    accepts: &dyn Fn(&Path) -> bool,
) -> Result<(), Error> {
    for step in journal.moves.iter_mut().filter(|step| accepts(step.path.path())) {
        let was_file = step.old.is_some_and(|old| old.shape == Shape::File);
        let now = look(tree, step.path.path())?.ok().flatten();
        if let Some(now) = now.filter(|now| was_file && matches!(now.kind, Kind::File { .. })) {
            step.old = Some(Seen::of(&now));
            finished.left.insert(step.path.clone(), Which::of(&now));
        }
    }
    Ok(())
}

/// All that was changed since.
fn check(tree: &Tree, journal: &Journal, finished: &Finished) -> Result<(), Error> {
    let directory = |seen: &Option<Seen>| seen.is_some_and(|seen| seen.shape == Shape::Directory);
    let paths = |which: &dyn Fn(&Move) -> bool| -> HashSet<&Path> {
        journal.moves.iter().filter(|step| which(step)).map(|step| step.path.path()).collect()
    };
    let goes = paths(&|step| step.new.is_none());
    let comes = paths(&|step| directory(&step.new));
    let mut conflicts = Vec::new();
    for step in &journal.moves {
        // Nothing can lie in what is no directory yet.
        if !step.path.path().parent().is_some_and(|parent| comes.contains(parent)) {
            conflicts.extend(check_place(tree, &step.path, step.old.as_ref(), finished)?);
        }
        if directory(&step.old) && !directory(&step.new) {
            conflicts.extend(left_inside(tree, step.path.path(), &goes));
        }
    }
    for write in &journal.writes {
        conflicts.extend(check_place(tree, &write.path, Some(&write.seen), finished)?);
    }
    for note in journal.notes.iter().filter(|note| note.old.is_some() && note.new.is_some()) {
        conflicts.extend(check_place(tree, &note.path, Some(&note.seen), finished)?);
    }
    conflicts.sort_by(|one, other| one.path.cmp(&other.path));
    conflicts.dedup_by(|one, other| one.path == other.path);
    if conflicts.is_empty() { Ok(()) } else { Err(Error::Conflicts(conflicts)) }
}

fn check_place(
    tree: &Tree,
    path: &Letters,
    expected: Option<&Seen>,
    finished: &Finished,
) -> Result<Option<Conflict>, Error> {
    let found = match look_if_open(tree, path.path())? {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(None),
        Err(conflict) => return Ok(Some(conflict)),
    };
    let is_left = |found: &Node| finished.left.get(path).is_none_or(|left| *left == Which::of(found));
    let fits = match (expected, &found) {
        (None, found) => found.is_none(),
        (Some(expected), Some(found)) if expected.shape == Shape::Directory => expected.fits(found),
        (Some(expected), Some(found)) => expected.inode == found.identity.inode && is_left(found),
        _ => false,
    };
    Ok((!fits).then(|| Conflict::differs(path.path(), expected, found.as_ref())))
}

/// What is in a directory that goes, and stays.
fn left_inside(tree: &Tree, path: &Path, goes: &HashSet<&Path>) -> Option<Conflict> {
    // What is closed is looked into when it has been opened.
    let names = tree.names(path).ok()?;
    let holds = names.iter().map(|name| path.join(name)).find(|inside| !goes.contains(&**inside))?;
    Some(Conflict::at(path, Reason::NotEmpty { holds }))
}

/// What lies at a path; nothing at all where a directory on the way is closed to its owner, so that it is looked at when
/// that has been opened.
fn look_if_open(tree: &Tree, path: &Path) -> Result<Result<Option<Option<Node>>, Conflict>, Error> {
    match look(tree, path) {
        Err(Error::Failed { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => Ok(Ok(None)),
        other => Ok(other?.map(Some)),
    }
}

/// Fills slots in the tree from what was kept, where that is not in them already, and leaves alone what somebody has said
/// about directories since.
fn prepare(ground: &Ground<'_>, mut journal: Journal) -> Result<Journal, Error> {
    if !ground.keeps_originals() {
        let path = kept_path(&ground.marks, &ground.begun);
        let fill = |journal: &mut Journal| fill(ground, &Tree::open(&path)?, journal);
        fill(&mut journal).map_err(Error::failed(&path))?;
    }
    for note in journal.notes.iter_mut().filter(|note| note.is_directory()) {
        let path = note.path.path().to_owned();
        merge(ground, note).map_err(Error::failed(&path))?;
    }
    Ok(journal)
}

fn fill(ground: &Ground<'_>, kept: &Tree, journal: &mut Journal) -> io::Result<()> {
    let mut keeper = Keeper::new(ground.slots());
    for step in journal.moves.iter_mut().filter(|step| step.new.is_some()) {
        let name = step.slot.to_string();
        let node = kept.node(name.as_ref())?.ok_or(io::ErrorKind::NotFound)?;
        keeper.keep(kept, name.as_ref(), &node, step.slot)?;
        step.new = ground.slot(step.slot).node()?.as_ref().map(Seen::of);
    }
    // What is said about a directory is said about the one that was just made.
    let made: HashMap<&Letters, Seen> = journal.moves.iter().filter_map(|step| Some((&step.path, step.new?))).collect();
    for note in journal.notes.iter_mut().filter(|note| note.is_directory() && note.new.is_some()) {
        note.seen = made.get(&note.path).copied().unwrap_or(note.seen);
    }
    Ok(())
}

fn merge(ground: &Ground<'_>, note: &mut Note) -> io::Result<()> {
    let (Some(old), Some(new)) = (&note.old, &mut note.new) else { return Ok(()) };
    let Some(now) = said_now(ground.tree, note.path.path())? else { return Ok(()) };
    let now = ground.begun.before(note.path.path(), now);
    if now.mode != old.mode {
        new.mode = now.mode;
    }
    if now.modified != old.modified {
        new.modified = now.modified;
    }
    if now.attributes != old.attributes {
        new.attributes = now.attributes.clone();
    }
    note.old = Some(now);
    Ok(())
}

fn said_now(tree: &Tree, path: &Path) -> io::Result<Option<Said>> {
    let open = || -> io::Result<Said> {
        let named: OwnedFd = tree.at(path, OFlags::PATH)?;
        Said::about(named.as_fd())
    };
    match open() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        said => said.map(Some),
    }
}
