//! How long stages are kept: those in which nothing waits go after a time, and what was not taken over only if its user says so.

use std::path::Path;

use pinfold_ledger::event::{self, Act};
use pinfold_policy::{Policy, Unit};
use pinfold_stage::{Stages, Summary};

use super::changes::counted;
use super::points::{age, now_ms, size};
use super::recorded::{self, Recorded};
use super::staging::shown;
use super::waiting::Waits;
use crate::context::Context;
use crate::error::CliError;
use crate::linux::housekeeping;
use crate::linux::prepare::Prepared;

/// Which stages go. Moments are in milliseconds since 1970.
pub(super) struct Bounds {
    /// Those in which nothing waits, that were not touched since.
    settled_before: Option<u64>,
    /// Those in which something waits.
    unapplied_before: Option<u64>,
    /// How much all of them may take, in bytes.
    bytes: Option<u64>,
}

impl Bounds {
    /// As the policy says.
    pub(super) fn of(policy: &Policy) -> Self {
        let before = |keep: Option<u64>| keep.map(|keep| now_ms().saturating_sub(keep));
        let stages = &policy.stages;
        Self {
            settled_before: before(stages.keep_ms.value),
            unapplied_before: before(stages.keep_unapplied_ms.value),
            bytes: stages.keep_bytes.value,
        }
    }

    /// As somebody says it for once.
    pub(super) fn before(moment_ms: u64, unapplied: bool) -> Self {
        Self { settled_before: Some(moment_ms), unapplied_before: unapplied.then_some(moment_ms), bytes: None }
    }

    /// Whether a stage in which something waits has been left alone for as long as others are kept.
    pub(super) fn is_old(&self, stage: &Summary) -> bool {
        self.settled_before.is_some_and(|before| stage.touched_ms < before)
    }

    /// Why a stage goes, if it does.
    fn why(&self, stage: &Summary, waits: &Waits) -> Option<String> {
        let before = |moment: Option<u64>| moment.is_some_and(|moment| stage.touched_ms < moment);
        let since = age(stage.touched_ms);
        if waits.is_nothing() {
            before(self.settled_before).then(|| format!("nothing waits in it; used {since}"))
        } else {
            let what = counted(waits.changes);
            before(self.unapplied_before).then(|| format!("{what} not taken over; used {since}"))
        }
    }
}

/// A stage that goes.
pub(super) struct Going {
    pub(super) stage: Summary,
    pub(super) why: String,
}

/// Which of some stages go, the one that was touched last first. What is in use, cannot be looked at or has snapshots stays,
/// unless all that was not taken over goes.
pub(super) fn going(stages: &Stages, listed: Vec<Summary>, bounds: &Bounds) -> Vec<Going> {
    let (mut going, mut settled) = (Vec::new(), Vec::new());
    let mut bytes: u64 = listed.iter().map(|stage| stage.bytes).sum();
    for stage in listed {
        let oldest = [bounds.settled_before, bounds.unapplied_before].into_iter().flatten().max();
        let is_candidate = bounds.bytes.is_some() || oldest.is_some_and(|oldest| stage.touched_ms < oldest);
        if !is_candidate || stage.in_use {
            continue;
        }
        let Ok(waits) = Waits::look(stages, &stage.name) else { continue };
        match bounds.why(&stage, &waits) {
            Some(why) => {
                bytes = bytes.saturating_sub(stage.bytes);
                going.push(Going { stage, why });
            }
            None if waits.is_nothing() => settled.push(stage),
            None => {}
        }
    }
    settled.sort_by_key(|stage| std::cmp::Reverse(stage.touched_ms));
    while let Some(most) = bounds.bytes.filter(|most| bytes > *most) {
        let Some(stage) = settled.pop() else { break };
        bytes = bytes.saturating_sub(stage.bytes);
        let why = format!("nothing waits in it; all stages here take more than {}", Unit::Bytes.show(Some(most)));
        going.push(Going { stage, why });
    }
    going
}

/// Removes a stage, unless somebody has touched it since it was looked at.
pub(super) fn remove(
    context: &Context,
    workspace: &Path,
    policy: &Policy,
    stages: &Stages,
    going: &Going,
) -> Result<(), CliError> {
    let Going { stage: Summary { name, touched_ms, .. }, why } = going;
    let stage = stages.open(name).map_err(|error| shown(&error))?;
    if stage.touched_ms().map_err(|error| shown(&error))? != *touched_ms {
        return Err(CliError::new(format!("the stage {name} stays: somebody has just used it")));
    }
    let event = event::Stage { why: Some(why.clone()), ..recorded::act(Act::Prune, &stage) };
    let mut recorded = Recorded::begin(context, workspace, policy, event)?;
    let removed = stage.discard().map_err(|error| shown(&error));
    recorded.end(removed.as_ref().err().map(ToString::to_string));
    removed
}

/// Once a day: lets go what the policy does not keep and what nobody needs, and tells of work that nobody has taken over.
pub(crate) fn keep_house(prepared: &Prepared) {
    let stages = prepared.stages();
    if !housekeeping::is_due(stages.root()) {
        return;
    }
    let tidied = stages.tidy().map_err(|error| shown(&error));
    let kept = tidied.and_then(|()| let_go(&prepared.context, &prepared.context.workspace, &prepared.policy, &stages));
    if let Err(error) = kept {
        eprintln!("{}", CliError::notice("stages could not be tidied").why(error.to_string()));
    }
}

/// Lets go what the policy does not keep, each stage with a line, and tells of work that nobody has taken over.
pub(crate) fn let_go(context: &Context, workspace: &Path, policy: &Policy, stages: &Stages) -> Result<(), CliError> {
    let listed: Vec<Summary> = stages.list().map_err(|error| shown(&error))?.into_iter().flatten().collect();
    let bounds = Bounds::of(policy);
    let old: Vec<Summary> = listed.iter().filter(|stage| bounds.is_old(stage)).cloned().collect();
    let going = going(stages, listed, &bounds);
    let is_going = |stage: &&Summary| going.iter().any(|going| going.stage.name == stage.name);
    let waiting: Vec<&Summary> = old.iter().filter(|stage| !is_going(stage)).collect();
    for going in &going {
        match remove(context, workspace, policy, stages, going) {
            Ok(()) => eprintln!("pinfold: the stage {} is gone: {}", going.stage.name, going.why),
            Err(error) => eprintln!("{error}"),
        }
    }
    if !waiting.is_empty() {
        let bytes = waiting.iter().map(|stage| stage.bytes).sum();
        let (many, hold) = if waiting.len() == 1 { ("stage", "holds") } else { ("stages", "hold") };
        eprintln!(
            "pinfold: {} {many} of {} {hold} {} that nobody has taken over for long: pinfold stages",
            waiting.len(),
            workspace.display(),
            size(bytes)
        );
    }
    Ok(())
}
