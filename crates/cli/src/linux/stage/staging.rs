//! Which stage a run writes to.

use pinfold_plan as plan;
use pinfold_policy::Policy;
use pinfold_stage::{Stage, Stages, StoreError};

use super::opened::settle;
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
        StoreError::InUse { .. } => shown.hint("wait until what uses it has ended; pinfold stages lists them"),
        StoreError::Exists { .. } | StoreError::SnapshotExists { .. } => shown.hint("choose another name"),
        StoreError::Damaged { .. } => shown.hint("nothing was changed; `pinfold discard NAME` gives it up"),
        StoreError::Name { .. } | StoreError::Disk { .. } => shown,
    }
}
