//! What changed files were before is written down as long as nobody else can have changed them since.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_stage::Stage;

use super::opened::{Opened, bases, layers_of};
use super::staging::shown;
use crate::error::CliError;

/// Writes it down, whoever was killed before he did. Gives how many changes are taken over and stay, though the stage has gone
/// back to something older.
pub(crate) fn settle(stage: &mut Stage) -> Result<usize, CliError> {
    let Some(began) = stage.unsettled_since() else { return Ok(0) };
    let places: Vec<PathBuf> = stage.places().map(Path::to_owned).collect();
    for place in places {
        let layers = layers_of(stage, &place)?;
        let mut bases = bases(stage, &place)?;
        bases.settle(&layers, began).map_err(|error| CliError::from_error(&error))?;
    }
    let stay = stage.went_back_ms().map_or(Ok(0), |since_ms| keep_applied(stage, since_ms))?;
    stage.settled().map_err(|error| shown(&error))?;
    Ok(stay)
}

/// What was taken over since a moment stays, though the stage has something older there. Gives how much it is.
fn keep_applied(stage: &Stage, since_ms: u64) -> Result<usize, CliError> {
    let wrong = |error: &dyn std::error::Error| CliError::from_error(error);
    let applied = stage.stages().applied_since(stage.name(), since_ms).map_err(|error| wrong(&error))?;
    let mut stay = 0;
    for mut place in Opened::count(stage)? {
        let mut changed = BTreeSet::new();
        for applied in &applied {
            let all = applied.changed().map_err(|error| wrong(&error))?;
            changed.extend(all.into_iter().filter(|(root, _)| *root == place.root).flat_map(|(_, paths)| paths));
        }
        if !changed.is_empty() {
            stay += place.changes.all().iter().filter(|change| changed.contains(&change.path)).count();
            place.bases.stand_on(&place.layers, |path| changed.contains(path)).map_err(|error| wrong(&error))?;
        }
    }
    Ok(stay)
}
