//! Points in a stage's life: `pinfold snapshot`, `restore`, `fork` and `discard`.

use std::io::IsTerminal;
use std::process::ExitCode;

use pinfold_ledger::event::{self, Act};
use pinfold_policy::shell_word;
use pinfold_stage::{Stage, Stages, StoreError};

use super::asked::agrees;
use super::changes::counted;
use super::git::Git;
use super::opened::{Opened, held, stages};
use super::recorded::{act, listed, recorded};
use super::settle::settle;
use super::staging::shown;
use crate::args::{DiscardArgs, ForkArgs, SnapshotArgs};
use crate::context::Context;
use crate::error::CliError;
use crate::linux::undo;

pub(crate) fn snapshot(args: &SnapshotArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let mut stage = held(&stages(&context)?, &args.stage)?;
    stage.can_snapshot(&args.name).map_err(|error| shown(&error))?;
    let event = event::Stage { other: Some((&*args.name).into()), ..act(Act::Snapshot, &stage) };
    recorded(&context, event, || stage.snapshot(&args.name).map_err(|error| shown(&error)))?;
    let [stage, name] = [&args.stage, &args.name].map(|word| shell_word(word));
    eprintln!("pinfold: pinfold restore {stage} {name} goes back to this");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(args: &SnapshotArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let mut stage = held(&stages(&context)?, &args.stage)?;
    stage.can_restore(&args.name).map_err(|error| shown(&error))?;
    let event = event::Stage { other: Some((&*args.name).into()), ..act(Act::Restore, &stage) };
    let names = |stage: &Stage| stage.snapshots().iter().map(|snapshot| snapshot.name.clone()).collect::<Vec<_>>();
    let before = names(&stage);
    recorded(&context, event, || stage.restore(&args.name).map_err(|error| shown(&error)))?;
    let stay = settle(&mut stage)?;
    let kept = names(&stage);
    let gone: Vec<_> = before.into_iter().filter(|name| !kept.contains(name)).collect();
    let gone = if gone.is_empty() { String::new() } else { format!("; later snapshots are gone: {}", gone.join(", ")) };
    eprintln!("pinfold: the stage {} is as it was at {}{gone}", args.stage, args.name);
    if stay > 0 {
        eprintln!("pinfold: what you have taken over since stays in the workspace: {}", counted(stay));
        eprintln!("pinfold: the stage would not change that back; pinfold undo does");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn fork(args: &ForkArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let stages = stages(&context)?;
    let mut stage = held(&stages, &args.stage)?;
    stages.can_fork(&args.name).map_err(|error| shown(&error))?;
    let event = event::Stage { other: Some((&*args.name).into()), ..act(Act::Fork, &stage) };
    recorded(&context, event, || stages.fork(&mut stage, &args.name).map_err(|error| shown(&error)))?;
    eprintln!("pinfold: goes on by itself: pinfold run --session {} -- COMMAND", args.name);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn discard(args: &DiscardArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let stages = stages(&context)?;
    let name = match &args.stage {
        Some(name) => name.clone(),
        None => only_one(&stages)?,
    };
    if !stages.has(&name) && undo::discard(&context, &name)? {
        eprintln!("pinfold: the run {name} can be undone no more; what it changed stays");
        return Ok(ExitCode::SUCCESS);
    }
    match stages.open(&name) {
        Ok(stage) => throw_away(&context, stage)?,
        // What cannot be read is given up all the same.
        Err(error @ StoreError::Damaged { .. }) => {
            let event = event::Stage { why: Some(error.to_string()), ..event::Stage::new(Act::Discard, &name) };
            recorded(&context, event, || stages.give_up(&name).map_err(|error| shown(&error)))?;
        }
        Err(error) => return Err(shown(&error)),
    }
    eprintln!("pinfold: the stage {name} is discarded; what was taken over from it stays");
    for beside in Git::of(&context).beside(&context.workspace, Some(&name)) {
        eprintln!("pinfold: {} stays as well: {}", beside.name, beside.remedy());
    }
    Ok(ExitCode::SUCCESS)
}

/// Throws a stage away, which the record tells.
pub(super) fn throw_away(context: &Context, stage: Stage) -> Result<(), CliError> {
    // Also where nobody can say any more what it would have changed.
    let places = Opened::count(&stage).unwrap_or_default();
    let paths: Vec<_> =
        places.iter().flat_map(|place| place.changes.all().iter().map(|change| place.path(change))).collect();
    let event = event::Stage { paths: listed(&paths), ..act(Act::Discard, &stage) };
    recorded(context, event, || stage.discard().map_err(|error| shown(&error)))
}

/// The stage that is meant where none is named: the last one, if there is no other or somebody says so.
fn only_one(stages: &Stages) -> Result<String, CliError> {
    let listed = stages.list().map_err(|error| shown(&error))?;
    let mut names = listed.into_iter().flatten().map(|summary| summary.name);
    let last = names.next().ok_or_else(|| CliError::new("there is no stage to discard"))?;
    if names.next().is_none() {
        return Ok(last);
    }
    if std::io::stdin().is_terminal() && agrees(&format!("there are several stages; throw away {last}, the last one?"))?
    {
        return Ok(last);
    }
    Err(CliError::new("there are several stages, and nothing was thrown away")
        .hint(format!("pinfold discard {last}, or another that pinfold stages lists")))
}

/// A number of bytes in words.
pub(in crate::linux) fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// How long ago.
pub(in crate::linux) fn age(ms: u64) -> String {
    let minutes = now_ms().saturating_sub(ms) / 60_000;
    match minutes {
        0 => "now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}
