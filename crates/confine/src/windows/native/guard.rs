//! What stands around a run outside of it: pins and access lists.

use std::path::PathBuf;

use pinfold_plan::windows::Plan;

use super::ground::Ground;
use super::lists::FileLists;
use super::pins::Pins;
use crate::windows::ConfineError;
use crate::windows::journal::Applied;
use crate::windows::self_check::{Breach, lists};

/// It stands as long as this lives. Entries in access lists stay for the next run; nobody else has their identifiers.
#[derive(Debug)]
pub struct Guard {
    /// How many lists were changed.
    pub applied: Applied,
    /// What does not hold of the lists, read back. Nothing must be started then.
    pub breaches: Vec<Breach>,
    /// Where files for the self-check may lie: nothing inside can write there.
    pub(super) directory: PathBuf,
    _pins: Pins,
}

impl Guard {
    /// Pins first, then lists: what is protected does not move away in between.
    pub fn set(ground: &Ground, plan: &Plan) -> Result<Self, ConfineError> {
        let pins = Pins::set(&plan.pins)?;
        let applied = ground.apply(&plan.edits)?;
        let breaches = lists::differences(&plan.edits, &FileLists);
        Ok(Self { applied, breaches, directory: ground.directory().to_owned(), _pins: pins })
    }
}
