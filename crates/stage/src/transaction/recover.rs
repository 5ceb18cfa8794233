//! Goes on with what was interrupted.

use std::path::Path;

use rustix::io::Errno;

use super::carry::Manner;
use super::clean;
use super::commit::{finish, go_back};
use super::conflict::Conflict;
use super::error::{Damage, Error};
use super::ground::{Ground, UNDO, open_tree};
use super::marks::{Mark, Marks};
use super::slot::Slot;

/// How a transaction has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// It never came to be; nothing was touched.
    Nothing,
    /// It is finished, and can be undone.
    Finished,
    /// It has been turned back; if that was for conflicts found now, they are told.
    RolledBack(Vec<Conflict>),
    /// It was finished, and has been undone.
    Undone,
}

/// Goes on with what is in the directory of a transaction, or of its undoing: finishes it when it was decided, turns it
/// back when it had been given up or does not fit any more, and removes what is left over. May itself be interrupted, and
/// does nothing when there is nothing to do.
///
/// # Errors
/// [`Error::Damaged`] and [`Error::AnotherTree`]: nothing was touched. [`Error::Left`]: what somebody else has changed was
/// left alone. [`Error::Failed`]: it was turned back for that. [`Error::Unfinished`]: it must be gone on with again.
pub fn recover(directory: &Path) -> Result<Recovered, Error> {
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    let undoing = marks.holds(UNDO).map_err(Error::failed(directory))?;
    let ended = settle(marks)?;
    if !undoing {
        return Ok(ended);
    }
    let undo = directory.join(UNDO);
    match settle(Marks::open(&undo).map_err(Error::failed(&undo))?)? {
        Recovered::Finished => Ok(Recovered::Undone),
        _ => forget_undo(directory).map(|()| ended),
    }
}

/// What a transaction in which nothing lies any more leaves.
pub(super) fn forget_undo(directory: &Path) -> Result<(), Error> {
    let marks = Marks::open(directory).map_err(Error::failed(directory))?;
    Slot::new(marks.directory(), UNDO).remove_if_empty().map_err(Error::unfinished)?;
    Ok(())
}

fn settle(marks: Marks) -> Result<Recovered, Error> {
    let path = marks.path().to_owned();
    let has = |mark| marks.has(mark).map_err(Error::failed(&path));
    if !has(Mark::Begun)? {
        if has(Mark::Journal)? || has(Mark::Abandoned)? {
            let damage = Damage::Sense("what it is about is lost");
            return Err(Error::Damaged { path: path.join(Mark::Begun.name()), damage });
        }
        clean::before_begun(&marks).map_err(Error::unfinished)?;
        return Ok(Recovered::Nothing);
    }
    let marked = [Mark::Finished, Mark::RolledBack, Mark::Abandoned, Mark::Journal];
    for mark in marked {
        if has(mark)? {
            return go_on(marks, mark);
        }
    }
    let tree = open_tree(&marks.begun()?)?;
    clean::discard(&tree, &marks).map_err(Error::unfinished)?;
    Ok(Recovered::Nothing)
}

fn go_on(marks: Marks, mark: Mark) -> Result<Recovered, Error> {
    let begun = marks.begun()?;
    let is_over = matches!(mark, Mark::Finished | Mark::RolledBack);
    let journal = marks.journal(if mark == Mark::Finished { Mark::Journal } else { mark })?;
    if mark == Mark::Finished && begun.inside.is_none() && !begun.undoes && journal.writes.is_empty() {
        return Ok(Recovered::Finished);
    }
    let tree = open_tree(&begun)?;
    let again = Marks::open(marks.path()).map_err(Error::failed(marks.path()))?;
    let ground = match Ground::open(&tree, again, begun.clone()) {
        Ok(ground) => ground,
        // The slots are the last that is removed.
        Err(Error::Failed { source, .. }) if is_over && is_gone(&source) => {
            let rest = match mark {
                Mark::RolledBack => clean::after_all(&tree, &marks, &begun),
                _ => clean::after_slots(&tree, &marks, &begun, &journal),
            };
            return rest.map(|()| ended(mark)).map_err(Error::unfinished);
        }
        Err(error) => return Err(error),
    };
    match mark {
        Mark::Finished => clean::after_finish(&ground, &journal).map_err(Error::unfinished)?,
        Mark::RolledBack => clean::after_rollback(&ground, &journal).map_err(Error::unfinished)?,
        Mark::Abandoned => go_back(&ground, &journal)?,
        Mark::Journal | Mark::Begun => match finish(&ground, &journal, Manner::Again) {
            Err(Error::Conflicts(conflicts)) => return Ok(Recovered::RolledBack(conflicts)),
            done => done?,
        },
    }
    Ok(ended(mark))
}

fn ended(mark: Mark) -> Recovered {
    match mark {
        Mark::Abandoned | Mark::RolledBack => Recovered::RolledBack(Vec::new()),
        Mark::Finished | Mark::Journal | Mark::Begun => Recovered::Finished,
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::NOENT)
}
