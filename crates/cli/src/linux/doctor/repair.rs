//! What killed runs and vanished workspaces left behind.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_run::Store;
use serde::Serialize;

use super::super::quarantined::tell as tell_quarantined;
use super::super::stage::size;
use super::places::places;
use super::{scratch, stages};
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

/// Finishes what supervisors that were killed could not. Gives how many there were.
pub(crate) fn repair(store: &Store) -> Result<usize, CliError> {
    Ok(repaired(store)?.len())
}

/// The same, with their names and workspaces.
fn repaired(store: &Store) -> Result<Vec<(String, PathBuf)>, CliError> {
    let leftovers = store.leftovers().map_err(|error| CliError::from_error(&error))?;
    let mut repaired = Vec::with_capacity(leftovers.len());
    for leftover in leftovers {
        let mut quarantine = store.quarantine(&leftover.id);
        let result = pinfold_run::repair(&leftover.memory, &mut quarantine);
        tell_quarantined(&quarantine.into_taken(), |_| {
            let workspace = leftover.memory.workspace.display();
            format!(
                "a run in {workspace} was killed and nobody saw its end: this is that run's, or yours if you made it since"
            )
        });
        match result {
            Ok(()) => {
                repaired.push((leftover.id.clone(), leftover.memory.workspace.clone()));
                leftover.forget();
            }
            // Another workspace's trouble must not keep this one from running; it is tried again next time.
            Err(error) => eprintln!("pinfold: warning: run {} cannot be repaired: {error}", leftover.id),
        }
    }
    Ok(repaired)
}

/// What was done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Cleaned {
    /// Runs whose end was made up for, with their workspaces.
    repaired: Vec<(String, PathBuf)>,
    removed: Vec<Removed>,
    /// What was left alone, and why.
    kept: Vec<(PathBuf, String)>,
    freed_bytes: u64,
}

/// One thing that was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Removed {
    pub(super) what: &'static str,
    pub(super) of: PathBuf,
    pub(super) bytes: u64,
}

/// `pinfold doctor --clean`.
pub(super) fn clean(json: bool) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let store = Store::open(context.state().to_owned()).map_err(|error| CliError::from_error(&error))?;
    let mut cleaned = Cleaned { repaired: repaired(&store)?, ..Cleaned::default() };
    let (tests, bytes) = scratch::remove_stale(context.state());
    if tests > 0 {
        cleaned.removed.push(Removed { what: "interrupted self-tests", of: context.state().to_owned(), bytes });
    }
    // A policy that cannot be read keeps everything.
    let policy = layers::in_force(&context, &PolicyFlags::default()).ok().map(|merged| merged.policy);
    for place in places(context.state()) {
        let before = cleaned.removed.len();
        let done = place.clean(&mut cleaned.removed);
        if let Err(why) = done.and_then(|()| stages::clean(&context, policy.as_ref(), &place, &mut cleaned.removed)) {
            cleaned.kept.push((place.workspace.unwrap_or(place.directory), why));
        }
        if !json {
            cleaned.removed[before..].iter().for_each(|removed| print!("{}", removed.describe()));
        }
    }
    cleaned.freed_bytes = cleaned.removed.iter().map(|removed| removed.bytes).sum();
    if json {
        return output::json(&cleaned);
    }
    print!("{}", cleaned.describe());
    Ok(ExitCode::SUCCESS)
}

impl Removed {
    fn describe(&self) -> String {
        format!("removed   {} of {} ({})\n", self.what, self.of.display(), size(self.bytes))
    }
}

impl Cleaned {
    /// What is left to say at the end.
    fn describe(&self) -> String {
        let mut text = String::new();
        for (id, workspace) in &self.repaired {
            let _ = writeln!(text, "repaired  interrupted run {id} in {}", workspace.display());
        }
        for (path, why) in &self.kept {
            let _ = writeln!(text, "kept      {}: {why}", path.display());
        }
        let _ = match (self.repaired.len(), self.removed.len()) {
            (0, 0) => writeln!(text, "0 interrupted runs, nothing to clean"),
            (1, _) => writeln!(text, "1 interrupted run repaired, {} freed", size(self.freed_bytes)),
            (runs, _) => writeln!(text, "{runs} interrupted runs repaired, {} freed", size(self.freed_bytes)),
        };
        text
    }
}
