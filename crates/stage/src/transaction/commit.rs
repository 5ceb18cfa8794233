//! Decides, does it, and either finishes or turns all back.

use std::io;

use super::carry::{Manner, carry_out};
use super::clean;
use super::error::{Error, Stop};
use super::finished::Finished;
use super::ground::Ground;
use super::journal::Journal;
use super::marks::{Mark, draft};

/// Carries a journal out for the first time.
pub(super) fn commit(ground: &Ground<'_>, journal: &Journal) -> Result<(), Error> {
    if let Err(error) = decide(ground, journal) {
        return Err(undecided(ground, journal, error));
    }
    finish(ground, journal, Manner::Fresh)
}

/// Everything new and everything kept is on the disk before the journal counts.
fn decide(ground: &Ground<'_>, journal: &Journal) -> io::Result<()> {
    ground.sync()?;
    ground.marks.draft(Mark::Journal, journal)?;
    ground.marks.set(Mark::Journal)
}

/// Nothing was touched. If the journal is there, only the disk might not know it yet.
fn undecided(ground: &Ground<'_>, journal: &Journal, error: io::Error) -> Error {
    let path = ground.marks.path().join(draft(Mark::Journal));
    match ground.marks.has(Mark::Journal) {
        Ok(false) => clean::after_failure(ground.tree, ground.marks.path(), Error::failed(&path)(error)),
        _ => turn_back(ground, journal, Stop::Failed(path, error)),
    }
}

/// Carries a journal out to its end, or turns it back.
pub(super) fn finish(ground: &Ground<'_>, journal: &Journal, manner: Manner) -> Result<(), Error> {
    let done = carry_out(ground, journal, manner).and_then(|_| conclude(ground, journal));
    match done {
        Ok(()) => clean::after_finish(ground, journal).map_err(Error::unfinished),
        Err(stop) if ground.marks.has(Mark::Finished).unwrap_or(true) => Err(stop.in_the_middle()),
        Err(stop) => Err(turn_back(ground, journal, stop)),
    }
}

/// All of it is on the disk before that counts.
fn conclude(ground: &Ground<'_>, journal: &Journal) -> Result<(), Stop> {
    let conclude = || {
        ground.sync()?;
        ground.marks.draft(Mark::Finished, &Finished::of(ground, journal)?)?;
        ground.marks.set(Mark::Finished)
    };
    conclude().map_err(|error| Stop::Failed(ground.marks.path().to_owned(), error))
}

/// Turns back what has been done, and says why.
fn turn_back(ground: &Ground<'_>, journal: &Journal, stop: Stop) -> Error {
    if ground.marks.turn(Mark::Journal, Mark::Abandoned).is_err() {
        return stop.in_the_middle();
    }
    match go_back(ground, journal) {
        Ok(()) => stop.without_trace(),
        Err(error) => error,
    }
}

/// Goes on with that.
pub(super) fn go_back(ground: &Ground<'_>, journal: &Journal) -> Result<(), Error> {
    let left = carry_out(ground, &journal.inverted(), Manner::Back).map_err(Stop::in_the_middle)?;
    let end = || {
        ground.sync()?;
        ground.marks.turn(Mark::Abandoned, Mark::RolledBack)?;
        clean::after_rollback(ground, journal)
    };
    end().map_err(Error::unfinished)?;
    if left.is_empty() { Ok(()) } else { Err(Error::Left(left)) }
}
