//! What waits in a stage after a run.

use pinfold_stage::{Change, Stages, What};
use serde::Serialize;

use super::changes::counted;
use super::git;
use super::guarded::guarded;
use super::ignored::{Ignored, files};
use super::opened::{Opened, Place, held};
use super::settle::settle;
use super::staging::shown;
use crate::error::CliError;
use crate::linux::prepare::Prepared;

/// What waits in a stage after a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Waiting {
    stage: String,
    changes: usize,
    /// How many of them would execute outside.
    asks: usize,
    /// How many files are there besides that git ignores.
    ignored: usize,
}

impl Waiting {
    /// Looks at what the run has written, and writes down what that was before. A new stage in which nothing was written goes.
    pub(crate) fn look(prepared: &mut Prepared) -> Result<Option<Self>, CliError> {
        let Some(mut stage) = prepared.stage.take() else { return Ok(None) };
        settle(&mut stage)?;
        let name = stage.name().to_owned();
        let places = Opened::count(&stage)?;
        let ignored = Ignored::of(&prepared.context, &places)?;
        let changes = places.iter().map(|place| seen(place, &ignored).count()).sum();
        let files = ignored.files();
        let asks = if changes > 0 { asks(prepared, &places, &ignored)? } else { 0 };
        let is_its_own = stage.session() == Some(&name);
        if changes == 0 && ignored.is_empty() && is_its_own && stage.snapshots().is_empty() {
            stage.discard().map_err(|error| CliError::from_error(&error))?;
        }
        Ok(Some(Self { stage: name, changes, asks, ignored: files }))
    }

    /// What is worth a line to whoever sits at the terminal.
    pub(crate) fn print(&self) {
        match self.changes {
            0 if self.ignored == 0 => eprintln!("pinfold: nothing was written to the workspace"),
            many => {
                let changes = (many > 0).then(|| counted(many));
                let asks = (self.asks > 0).then(|| format!(", {} of which would execute outside", self.asks));
                let changes = changes.map(|changes| changes + &asks.unwrap_or_default());
                let ignored = (self.ignored > 0).then(|| format!("{} that git ignores", files(self.ignored)));
                let told: Vec<String> = changes.into_iter().chain(ignored).collect();
                let (told, stage) = (told.join(" and "), &self.stage);
                eprintln!("pinfold: {told}: in the stage {stage}; pinfold review, or changes, diff, apply, discard");
            }
        }
    }
}

/// How many changes would execute outside.
fn asks(prepared: &Prepared, places: &[Place], ignored: &Ignored) -> Result<usize, CliError> {
    let guarded = guarded(&prepared.policy, places);
    let asked =
        |place: &Place| seen(place, ignored).filter(|change| guarded.why(&place.path(change)).is_some()).count();
    Ok(places.iter().map(asked).sum())
}

/// How much waits in a stage.
pub(super) struct Waits {
    /// How much would be taken over.
    pub(super) changes: usize,
    /// Whether anything would be lost with it, also what stays in the stage, snapshots, or what there is too much of.
    more: bool,
}

impl Waits {
    /// Looks at a stage that nobody uses.
    pub(super) fn look(stages: &Stages, name: &str) -> Result<Self, CliError> {
        let mut stage = stages.look_at(name).map_err(|error| shown(&error))?;
        if stage.unsettled_since().is_some() {
            drop(stage);
            stage = held(stages, name)?;
        }
        let places = Opened::count(&stage)?;
        let lost = |place: &Place| {
            let changes = &place.changes;
            changes.exceeded().is_some() || changes.all().iter().any(|change| change.what != What::Touched)
        };
        let more = !stage.snapshots().is_empty() || places.iter().any(lost);
        // What git ignores would be taken over as well, if somebody asked for it.
        let none = Ignored::default();
        Ok(Self { changes: places.iter().map(|place| seen(place, &none).count()).sum(), more })
    }

    /// Whether nothing would be lost with it.
    pub(super) fn is_nothing(&self) -> bool {
        !self.more
    }
}

/// Those that somebody would call a change.
fn seen<'a>(place: &'a Place, ignored: &Ignored) -> impl Iterator<Item = &'a Change> {
    place.changes.all().iter().filter(move |change| {
        !ignored.has(&place.path(change))
            && !matches!(change.what, What::Touched | What::LeftOut(_))
            && git::quiet(&place.path(change), change).is_none()
    })
}
