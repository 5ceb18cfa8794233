//! What was merged when it was taken over: afterwards neither the run nor its user has what the workspace has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_stage::{Change, Pick, Stages, Step, limits};

use super::choice::Choice;
use super::opened::{Opened, Place, settle};
use crate::error::CliError;

/// Paths of one place that somebody has changed since the run, and that are taken over all the same.
#[derive(Default)]
pub(super) struct Merged {
    /// In the order of their paths.
    paths: Vec<(PathBuf, Stand)>,
}

/// What the stage stands on afterwards.
enum Stand {
    /// What lies there then.
    There,
    /// What the run left.
    Left,
    /// What it was, with the changes that were chosen.
    Text(Vec<u8>),
}

impl Merged {
    /// Whether a path is among them.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.paths.binary_search_by(|(merged, _)| merged.as_path().cmp(path)).is_ok()
    }

    /// Among these steps.
    pub(super) fn of(place: &Place, steps: &[Step], choice: &Choice) -> Self {
        let changes = steps.iter().filter_map(|step| place.changes.get(&step.path));
        let moved = changes.filter(|change| place.has_moved(change));
        let mut paths: Vec<_> = moved.map(|change| (change.path.clone(), stand(place, change, choice))).collect();
        paths.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self { paths }
    }
}

fn stand(place: &Place, change: &Change, choice: &Choice) -> Stand {
    match choice.pick(&place.path(change)) {
        Pick::Whole | Pick::Apart => Stand::Left,
        Pick::Content(chosen) => with_chosen(place, change, &chosen).map_or(Stand::There, Stand::Text),
        Pick::Theirs | Pick::Not => Stand::There,
    }
}

fn with_chosen(place: &Place, change: &Change, chosen: &Arc<[u8]>) -> Option<Vec<u8>> {
    let mine = place.real_text(&change.path, limits::MERGE_BYTES).ok()?;
    place.bases.with_chosen(&change.path, &mine, chosen).ok()?
}

impl Opened {
    /// All was taken over: what the stage stands on is written down, and what it stood on for when it is taken back.
    pub(super) fn stand(&mut self, merged: Vec<Merged>) -> Result<(), CliError> {
        if merged.iter().all(|merged| merged.paths.is_empty()) {
            return Ok(());
        }
        let name = last_name(&self.stages)?;
        self.stage.unsettle().map_err(|error| CliError::from_error(&error))?;
        for (place, merged) in self.places.iter_mut().zip(merged) {
            stand_on(place, &name, merged)?;
        }
        settle(&mut self.stage)
    }
}

fn last_name(stages: &Stages) -> Result<String, CliError> {
    let last = stages.last_applied().map_err(|error| CliError::from_error(&error))?;
    Ok(last.map(|last| last.name()).unwrap_or_default())
}

fn stand_on(place: &mut Place, applied: &str, merged: Merged) -> Result<(), CliError> {
    let wrong = |error| CliError::from_error(&error);
    place.bases.reload().map_err(wrong)?;
    place.bases.remember(applied, merged.paths.iter().map(|(path, _)| path.as_path())).map_err(wrong)?;
    for (path, stand) in merged.paths {
        match stand {
            Stand::There => place.bases.forget([path.as_path()]),
            Stand::Left => place.bases.stand_on(&place.layers, |other| other == path),
            Stand::Text(text) => place.bases.stand_on_text(&path, &text),
        }
        .map_err(wrong)?;
    }
    Ok(())
}
