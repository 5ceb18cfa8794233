//! What is in the way of taking something over, and what to do about it.

use pinfold_stage::{ApplyError, Conflict, transaction};

use super::changes::shown as shown_path;
use super::opened::Place;
use crate::context::Context;
use crate::error::CliError;

/// How many conflicts are told one by one.
const TOLD: usize = 20;

/// All that is in the way at a place.
pub(super) fn in_the_way(context: &Context, place: &Place, conflicts: &[Conflict]) -> CliError {
    let error = CliError::new("nothing was taken over: the workspace has changed since");
    let told = conflicts.iter().take(TOLD);
    let error = told.fold(error, |error, conflict| {
        let path = shown_path(&context.workspace, &place.root.join(&conflict.path));
        error.why(format!("{path}: {}", conflict.why))
    });
    let more = conflicts.len().saturating_sub(TOLD);
    let error = if more > 0 { error.why(format!("and {more} more")) } else { error };
    error.hint("take over other paths by name, or make room for these; pinfold diff PATH shows one")
}

/// What somebody reads when the workspace has changed between looking and acting.
pub(super) fn not_applied(context: &Context, error: &ApplyError) -> CliError {
    let ApplyError::Place { path, source: transaction::Error::Conflicts(conflicts) } = error else {
        return CliError::from_error(error);
    };
    let error = CliError::new("nothing was changed: something else lies there by now");
    conflicts.iter().take(TOLD).fold(error, |error, conflict| {
        error.why(format!("{}: {}", shown_path(&context.workspace, &path.join(&conflict.path)), conflict.reason))
    })
}
