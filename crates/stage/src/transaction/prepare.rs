//! A transaction that is ready to be carried out.

use std::path::Path;

use crate::step::Step;
use crate::tree::Tree;

use super::check::View;
use super::clean;
use super::commit::commit;
use super::error::Error;
use super::ground::Ground;
use super::journal::Journal;
use super::plan::plan;

/// Steps that fit, everything new for them made, and nothing touched.
#[derive(Debug)]
#[must_use = "what was made for it remains until it is carried out, discarded or recovered"]
pub struct Transaction<'a> {
    ground: Ground<'a>,
    journal: Journal,
}

impl<'a> Transaction<'a> {
    /// Looks whether steps fit, and makes what they need in a directory, which is fresh or not there yet. On another file
    /// system than the tree's, new things are made in the tree, below `.pinfold-apply-ID`, and what will be replaced is
    /// copied. Only one transaction may be at work in a tree at a time, which the caller sees to.
    ///
    /// # Errors
    /// [`Error::Conflicts`] with all that does not fit; [`Error::Failed`] when something cannot be read or made. Nothing is
    /// left behind.
    pub fn prepare(tree: &'a Tree, steps: &[Step], directory: &Path) -> Result<Self, Error> {
        let view = View::of(tree, steps)?;
        let begun = Ground::begin(tree, directory);
        let ready = begun.and_then(|ground| Ok((plan(&ground, &view)?, ground)));
        match ready {
            Ok((journal, ground)) => Ok(Self { ground, journal }),
            Err(error) => Err(clean::after_failure(tree, directory, error)),
        }
    }

    /// Carries it out.
    ///
    /// # Errors
    /// [`Error::Conflicts`] when somebody was quicker, and [`Error::Failed`]: all has been turned back. [`Error::Left`]: but
    /// for what somebody else had changed meanwhile. [`Error::Unfinished`]: [`recover`](super::recover) must go on.
    pub fn commit(self) -> Result<(), Error> {
        commit(&self.ground, &self.journal)
    }

    /// Removes what was made for it.
    ///
    /// # Errors
    /// When that does not work; [`recover`](super::recover) does it as well.
    pub fn discard(self) -> Result<(), Error> {
        clean::discard(self.ground.tree, &self.ground.marks).map_err(Error::unfinished)
    }
}
