//! What is in the way of taking something over, and what to do about it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pinfold_policy::shell_word;
use pinfold_stage::{ApplyError, Change, Conflict, Pick, Why, plan_apply, transaction};

use super::changes::shown as shown_path;
use super::git::{self, Git};
use super::opened::{Opened, Place};
use crate::context::Context;
use crate::error::CliError;

/// How many conflicts are told one by one.
const TOLD: usize = 20;

/// How many are typed out.
const TYPED: usize = 5;

/// What stands in the way of changes of a place, by their paths in it.
#[derive(Default)]
pub(super) struct InTheWay {
    /// Why, and whether what the run left can be taken all the same.
    pub(super) conflicts: BTreeMap<PathBuf, (String, bool)>,
    /// Branches that have moved on, and under which names those of the stage come beside them.
    pub(super) beside: BTreeMap<PathBuf, String>,
}

impl InTheWay {
    /// As taking over all of it would find.
    pub(super) fn of(git: &Git, opened: &Opened, place: &Place) -> Result<Self, CliError> {
        if !place.changes.all().iter().any(|change| place.has_moved(change)) {
            return Ok(Self::default());
        }
        let aside = git::aside(git, place, opened.stage.name(), |_| true)?;
        let is_left = |change: &Change| aside.left.contains(&place.path(change)) || aside.idle.contains(&change.path);
        let pick = |change: &Change| if is_left(change) { Pick::Not } else { Pick::Whole };
        let planned = plan_apply(&place.layers, &place.changes, &place.bases, pick);
        let told = |Conflict { path, why }| (path, (why.to_string(), can_be_taken(&why)));
        let conflicts = planned.err().unwrap_or_default().into_iter().map(told).collect();
        Ok(Self { conflicts, beside: aside.names })
    }
}

/// All that is in the way at a place.
pub(super) fn in_the_way(context: &Context, opened: &Opened, place: &Place, conflicts: &[Conflict]) -> CliError {
    let error = CliError::new("nothing was taken over: the workspace has changed since");
    let told = conflicts.iter().take(TOLD);
    let error = told.fold(error, |error, conflict| {
        let path = shown_path(&context.workspace, &place.root.join(&conflict.path));
        error.why(format!("{path}: {}", conflict.why))
    });
    let more = conflicts.len().saturating_sub(TOLD);
    let error = if more > 0 { error.why(format!("and {more} more")) } else { error };
    let error = error.hint(format!("to see one: {} PATH", opened.typed("diff")));
    let can_be: Vec<&Conflict> = conflicts.iter().filter(|conflict| can_be_taken(&conflict.why)).collect();
    let error = if can_be.is_empty() {
        error
    } else {
        let typed = typed(context, place, &can_be);
        error.hint(format!("to have what the run left: {} --theirs {typed}", opened.typed("apply")))
    };
    let typed = typed(context, place, &conflicts.iter().collect::<Vec<_>>());
    let error = error.hint(format!("to keep what you have: {} --mine {typed}", opened.typed("apply")));
    error.hint(format!("then {} takes over the rest", opened.typed("apply")))
}

/// Whether what the run left can be taken all the same.
fn can_be_taken(why: &Why) -> bool {
    matches!(why, Why::Both | Why::Lines(_) | Why::Removed | Why::Changed | Why::Made | Why::Unknown | Why::OtherNames)
}

/// The paths as somebody types them where he is, if they are few.
fn typed(context: &Context, place: &Place, conflicts: &[&Conflict]) -> String {
    if conflicts.len() > TYPED {
        return "PATH…".to_owned();
    }
    let typed = conflicts.iter().map(|conflict| {
        let path = place.root.join(&conflict.path);
        shell_word(&shown_path(&context.directory, &path))
    });
    typed.collect::<Vec<_>>().join(" ")
}

/// What somebody reads when something else lies in the workspace than what was there, or was left there.
pub(super) fn not_applied(context: &Context, error: &ApplyError) -> CliError {
    let ApplyError::Place { path, source: transaction::Error::Conflicts(conflicts) } = error else {
        return CliError::from_error(error);
    };
    let error = CliError::new("nothing was changed: something else lies there by now");
    conflicts.iter().take(TOLD).fold(error, |error, conflict| {
        error.why(format!("{}: {}", shown_path(&context.workspace, &path.join(&conflict.path)), conflict.reason))
    })
}

/// The same of what is taken back.
pub(in crate::linux) fn not_undone(context: &Context, error: &ApplyError) -> CliError {
    let shown = not_applied(context, error);
    match error {
        ApplyError::Place { source: transaction::Error::Conflicts(_), .. } => {
            shown.hint("what you have changed since stays; move it away to undo all the same")
        }
        _ => shown,
    }
}
