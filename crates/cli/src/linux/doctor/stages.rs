//! What of stages is not as it should be, and how that is put right.

use std::path::Path;

use pinfold_policy::{Policy, plain, shell_word};

use super::super::stage::{Beside, Git, let_go, recover, size};
use super::places::Place;
use super::repair::Removed;
use crate::context::Context;
use crate::error::with_causes;

/// What is to be told of the stages of these places, a line each. Nothing is changed.
pub(super) fn told(context: &Context, places: &[Place]) -> Vec<String> {
    let told = places.iter().flat_map(|place| of(context, place));
    told.map(|line| plain(&line)).collect()
}

fn of(context: &Context, place: &Place) -> Vec<String> {
    let Some(workspace) = &place.workspace else { return Vec::new() };
    let word = shell_word(&workspace.to_string_lossy());
    if place.has_vanished() {
        let work = place.holds_work().then(|| {
            format!(
                "stages of {word} are kept, which is gone; in the place where it is now: pinfold stages --from {word}"
            )
        });
        return work.into_iter().collect();
    }
    let damage = match place.stages().damage() {
        Ok(damage) => damage,
        Err(error) => return vec![with_causes(&error)],
    };
    let mut told: Vec<String> = damage
        .records
        .iter()
        .map(|error| format!("{}; to give that stage up: pinfold discard NAME --workspace {word}", with_causes(error)))
        .collect();
    if damage.unsettled > 0 {
        told.push(format!("something was interrupted while it was taken over in {word}: pinfold doctor --clean"));
    }
    if damage.unneeded_bytes > 0 {
        let bytes = size(damage.unneeded_bytes);
        told.push(format!("{bytes} of layers of {word} that no stage stands on: pinfold doctor --clean"));
    }
    let left = beside(&Git::outside(context, workspace), place, workspace);
    told.extend(
        left.iter().map(|beside| format!("{} in {word} is of a stage that is gone: {}", beside.name, beside.remedy())),
    );
    told
}

/// Finishes what was being taken over when somebody was killed, lets go what the policy does not keep and what no stage stands
/// on, and removes branches of stages that are gone and were merged.
pub(super) fn clean(
    context: &Context,
    policy: Option<&Policy>,
    place: &Place,
    removed: &mut Vec<Removed>,
) -> Result<(), String> {
    let stages = place.stages();
    let Some(workspace) = place.workspace.as_ref().filter(|_| !place.has_vanished() && stages.root().exists()) else {
        return Ok(());
    };
    let bytes = stages.damage().map_or(0, |damage| damage.unneeded_bytes);
    recover(context, workspace, &stages).map_err(|error| with_causes(&error))?;
    stages.tidy().map_err(|error| with_causes(&error))?;
    if bytes > 0 {
        removed.push(Removed { what: "layers that no stage stands on", of: workspace.clone(), bytes });
    }
    if let Some(policy) = policy {
        let_go(context, workspace, policy, &stages).map_err(|error| error.to_string())?;
    }
    let git = Git::outside(context, workspace);
    for beside in beside(&git, place, workspace).iter().filter(|beside| beside.is_merged) {
        if git.remove(workspace, beside) {
            removed.push(Removed { what: "a merged branch of a stage", of: workspace.join(&beside.name), bytes: 0 });
        }
    }
    Ok(())
}

/// Branches of stages that are gone.
fn beside(git: &Git, place: &Place, workspace: &Path) -> Vec<Beside> {
    let stages = place.stages();
    if !stages.root().exists() {
        return Vec::new();
    }
    git.beside(workspace, None).into_iter().filter(|beside| !stages.has(beside.stage())).collect()
}
