//! What is done with stages is written down before it is done, and afterwards how it came out.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_ledger::event::{self, Act, Listed};
use pinfold_ledger::{Durability, Event};
use pinfold_policy::Policy;
use pinfold_stage::transaction::Recovered;
use pinfold_stage::{Applied, Stage};

use crate::context::Context;
use crate::error::{CliError, with_causes};
use crate::record::Decision;

/// Something that is done with a stage, and is in the record if it can be.
pub(in crate::linux) struct Recorded(Option<Decision>);

impl Recorded {
    /// Begins. What changes the workspace is not done if it cannot be recorded; anything else only if the policy says so.
    pub(in crate::linux) fn begin(
        context: &Context,
        workspace: &Path,
        policy: &Policy,
        stage: event::Stage,
    ) -> Result<Self, CliError> {
        let required = &policy.ledger.required;
        let changes_workspace = matches!(stage.act, Act::Apply | Act::Undo | Act::UndoRun);
        // Where nothing is changed or taken away, nobody waits for the disk.
        let takes_away = !matches!(stage.act, Act::Fork | Act::Snapshot);
        let durability = if takes_away || required.value { Durability::Power } else { Durability::Process };
        let act = stage.act.as_str();
        match begin(context, workspace, stage, durability) {
            Ok(decision) => Ok(Self(Some(decision))),
            Err(why) if changes_workspace || required.value => {
                let error = CliError::new("nothing was done, because it cannot be recorded").why(why);
                let rule = required.value.then(|| format!("ledger.required, {}", required.origin));
                Err(rule.into_iter().fold(error, CliError::rule))
            }
            Err(why) => {
                eprintln!("{}", unrecorded(act, why));
                Ok(Self(None))
            }
        }
    }

    /// Under what name it is in the record.
    pub(super) fn session(&self) -> Option<String> {
        self.0.as_ref().map(|decision| decision.session().to_owned())
    }

    /// Writes down how it came out. What is done stays done.
    pub(in crate::linux) fn end(&mut self, failure: Option<String>) {
        if let Some(Err(error)) = self.0.take().map(|decision| decision.end(failure)) {
            eprintln!("{}", unrecorded("how it came out", with_causes(&error)));
        }
    }
}

/// Does something with a stage that does not change the workspace.
pub(super) fn recorded<T>(
    context: &Context,
    stage: event::Stage,
    act: impl FnOnce() -> Result<T, CliError>,
) -> Result<T, CliError> {
    let mut recorded = Recorded::begin(context, &context.workspace, &super::opened::policy(context)?, stage)?;
    let done = act();
    recorded.end(done.as_ref().err().map(CliError::in_a_line));
    done
}

/// What is done, with what is known of the stage.
pub(super) fn act(act: Act, stage: &Stage) -> event::Stage {
    event::Stage { run: stage.session().map(ToOwned::to_owned), ..event::Stage::new(act, stage.name()) }
}

/// Paths as the record lists them.
pub(in crate::linux) fn listed<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Listed {
    Listed::of(paths.into_iter().map(|path| path.as_os_str().as_bytes()))
}

/// Writes down how something came out over which somebody was killed. Gives whether it is written.
pub(super) fn recovered(context: &Context, workspace: &Path, applied: &Applied, ended: &[Recovered]) -> bool {
    let told = applied.places().zip(ended).map(|(place, ended)| format!("{}: {}", place.display(), outcome(ended)));
    let stage = event::Stage {
        run: applied.session().map(ToOwned::to_owned),
        why: Some(told.collect::<Vec<_>>().join("; ")),
        ..event::Stage::new(Act::Recover, applied.stage())
    };
    let written = begin(context, workspace, stage, Durability::Power)
        .and_then(|decision| decision.end(None).map_err(|error| with_causes(&error)));
    written.map_err(|why| eprintln!("{}", unrecorded("what was finished after an interruption", why))).is_ok()
}

fn begin(context: &Context, workspace: &Path, stage: event::Stage, durability: Durability) -> Result<Decision, String> {
    let act = if stage.act == Act::UndoRun { Act::Undo } else { stage.act };
    let command = format!("pinfold {} {}", act.as_str(), stage.stage);
    Decision::begin(context, workspace, &command, Event::Stage(Box::new(stage)), durability)
}

fn outcome(ended: &Recovered) -> &'static str {
    match ended {
        Recovered::Nothing => "it had not begun",
        Recovered::Finished => "what was taken over is there",
        Recovered::RolledBack(_) => "what was taken over is not there",
        Recovered::Undone => "what was taken over is taken back",
    }
}

fn unrecorded(what: &str, why: String) -> CliError {
    CliError::notice(format!("not recorded: {what}")).why(why)
}
