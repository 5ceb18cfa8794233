//! Which stage a run writes to.

use std::path::Path;

use pinfold_plan as plan;
use pinfold_policy::{Policy, shell_word};
use pinfold_stage::{Stage, Stages, StoreError};

use super::opened::written_at;
use super::settle::settle;
use crate::error::CliError;

/// Which stage a call is about, where its policy wants one.
#[derive(Debug, Default)]
pub(crate) enum Staging {
    /// None that exists: nothing will run.
    #[default]
    Planned,
    /// A new one of that name.
    New(String),
    /// The one of that name, made when it is missing.
    Named(String),
}

impl Staging {
    /// Of a run with that name, or the one that its user names.
    pub(crate) fn of_run(session: &str, named: Option<&str>) -> Self {
        named.map_or_else(|| Self::New(session.to_owned()), |name| Self::Named(name.to_owned()))
    }

    /// The stage, held, and where it lies for a plan.
    pub(crate) fn take(
        &self,
        policy: &Policy,
        stages: &Stages,
    ) -> Result<(Option<Stage>, Option<plan::Stage>), CliError> {
        if !policy.stage.value {
            return Ok((None, None));
        }
        let taken = match self {
            Self::Planned => return Ok((None, Some(plan::Stage { top: stages.planned(), frozen: Vec::new() }))),
            Self::New(name) => stages.make(name, &policy.places.workspace),
            Self::Named(name) => match stages.open(name) {
                Err(StoreError::Unknown { .. }) => stages.make(name, &policy.places.workspace),
                opened => opened,
            },
        };
        let mut stage = taken.map_err(|error| shown(&error))?;
        // What a killed run or taking over has left open is about what lies there before this run.
        settle(&mut stage)?;
        let place = plan::Stage { top: stage.top(), frozen: stage.frozen() };
        Ok((Some(stage), Some(place)))
    }
}

/// What a user reads of a stage that cannot be used.
pub(super) fn shown(error: &StoreError) -> CliError {
    let shown = CliError::from_error(error);
    match error {
        StoreError::Unknown { .. } | StoreError::NoSnapshot { .. } => shown.hint("pinfold stages lists what there is"),
        StoreError::InUse { .. } => {
            shown.hint("wait until what uses it has ended; pinfold changes and pinfold diff show what it has by now")
        }
        StoreError::Exists { .. } | StoreError::SnapshotExists { .. } => shown.hint("choose another name"),
        StoreError::Damaged { .. } => shown.hint("nothing was changed; `pinfold discard NAME` gives it up"),
        StoreError::Name { .. } | StoreError::Disk { .. } => shown,
    }
}

/// Whether a stage has something of its own at a path, or in place of a directory above it.
pub(crate) fn has(stage: &Stage, workspace: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(workspace) else { return false };
    written_at(stage, workspace).any(|layer| {
        below.ancestors().any(|above| match layer.join(above).symlink_metadata() {
            Ok(found) => above == below || !found.is_dir(),
            Err(_) => false,
        })
    })
}

/// What a user reads when a rule is about something that a stage has made something else of.
pub(crate) fn unfit(error: CliError, stage: &str, path: &Path) -> CliError {
    error
        .why(format!(
            "the stage {stage} has something else there than the workspace, so the rule about it cannot be kept"
        ))
        .hint(format!("see what it has: pinfold changes {stage} {}", shell_word(&path.to_string_lossy())))
        .hint(format!("take that over, or keep what you have: pinfold apply {stage}, or pinfold discard {stage}"))
        .hint("or begin another stage: run it with --staged, or with --session and another name")
}
