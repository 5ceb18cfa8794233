//! Keeping what a run changes, from its start.

use std::path::PathBuf;

use pinfold_plan::Promise;
use pinfold_run::Store;
use pinfold_stage::before::{Befores, Begun, Keeping};

use crate::context::Context;
use crate::error::CliError;
use crate::linux::prepare::Prepared;

/// The runs of the workspace that a call is in.
pub(super) fn befores(context: &Context) -> Befores {
    Befores::new(Store::befores(context.state(), &context.workspace))
}

/// Finishes what was interrupted. A run that goes on may not pass for one that was killed, and what was killed may not pass for
/// what was always there.
pub(in crate::linux) fn settle(context: &Context) -> Result<(), CliError> {
    befores(context).settle().map_err(|error| {
        CliError::from_error(&error)
            .why("pinfold was interrupted while it kept or undid what a run has changed, and cannot go on with it")
            .hint("nothing is lost: see to what is in the way and try again")
    })
}

/// Begins to keep what a run changes, where its plan promises that.
pub(in crate::linux) fn begin(prepared: &Prepared, session: &str) -> Result<Option<(Begun, Keeping)>, CliError> {
    let mut promises = prepared.plan.assurance.iter().filter(|assurance| assurance.promise == Promise::ChangesUndone);
    if !promises.any(pinfold_plan::Assurance::is_kept) {
        return Ok(None);
    }
    let places: Vec<PathBuf> = prepared.kept_places();
    let begun = befores(&prepared.context).begin(session, &places);
    begun.map(Some).map_err(|error| CliError::from_error(&error))
}
