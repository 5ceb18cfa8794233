//! What waits in a stage after a run.

use pinfold_stage::{Change, Stage, What};

use super::git;
use super::opened::{Opened, Place, settle};
use crate::error::CliError;
use crate::linux::prepare::Prepared;

/// What waits in a stage after a run.
#[derive(Debug)]
pub(crate) struct Waiting {
    stage: String,
    changes: usize,
}

impl Waiting {
    /// Looks at what the run has written, and writes down what that was before. A new stage in which nothing was written goes.
    pub(crate) fn look(prepared: &mut Prepared) -> Result<Option<Self>, CliError> {
        let Some(mut stage) = prepared.stage.take() else { return Ok(None) };
        settle(&mut stage)?;
        let name = stage.name().to_owned();
        let changes = Opened::look(&stage)?.iter().map(seen).sum();
        let is_its_own = stage.session() == Some(&name);
        if changes == 0 && is_its_own && Stage::snapshots(&stage).is_empty() {
            stage.discard().map_err(|error| CliError::from_error(&error))?;
        }
        Ok(Some(Self { stage: name, changes }))
    }

    /// What is worth a line to whoever sits at the terminal.
    pub(crate) fn print(&self) {
        match self.changes {
            0 => eprintln!("pinfold: nothing was written to the workspace"),
            many => eprintln!(
                "pinfold: {many} changes wait in the stage {}: pinfold changes, diff, apply or discard",
                self.stage
            ),
        }
    }
}

/// Those that somebody would call a change.
fn seen(place: &Place) -> usize {
    let is_seen = |change: &&Change| {
        !matches!(change.what, What::Touched | What::LeftOut(_)) && git::quiet(&place.path(change)).is_none()
    };
    place.changes.all().iter().filter(is_seen).count()
}
