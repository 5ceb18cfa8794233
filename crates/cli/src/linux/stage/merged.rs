//! What was merged when it was taken over: afterwards neither the run nor its user has what the workspace has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_stage::{BasesError, Change, Pick, Step, limits};

use super::choice::Choice;
use super::opened::{Opened, Place};
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
    pub(super) fn stand(&mut self, applied: &str, merged: &[Merged]) -> Result<(), CliError> {
        let mut merged = self.places.iter_mut().zip(merged).filter(|(_, merged)| !merged.paths.is_empty());
        let stood = merged.try_for_each(|(place, merged)| stand_on(place, applied, merged));
        stood.map_err(|error| CliError::from_error(&error))
    }
}

fn stand_on(place: &mut Place, applied: &str, merged: &Merged) -> Result<(), BasesError> {
    place.bases.reload()?;
    place.bases.remember(applied, merged.paths.iter().map(|(path, _)| path.as_path()))?;
    for (path, stand) in &merged.paths {
        match stand {
            Stand::There => place.bases.forget([path.as_path()]),
            Stand::Left => place.bases.stand_on(&place.layers, |other| other == path),
            Stand::Text(text) => place.bases.stand_on_text(path, text),
        }?;
    }
    Ok(())
}
