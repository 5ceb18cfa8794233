//! `pinfold stages`: which there are, which go, and those of a workspace that was moved.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_ledger::event::{self, Act};
use pinfold_policy::shell_word;
use pinfold_run::Store;
use pinfold_stage::{Stages, StoreError, Summary};
use serde::Serialize;

use super::changes::counted;
use super::keep::{self, Bounds, Going};
use super::opened::{policy, stages};
use super::points::{age, size};
use super::recorded::{listed, recorded};
use super::staging::shown;
use super::waiting::Waits;
use crate::args::StagesArgs;
use crate::commands::{ago, command_of};
use crate::context::Context;
use crate::error::CliError;
use crate::linux::doctor::places::places;
use crate::output;

/// A stage for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line {
    name: String,
    /// Whose stage it is.
    workspace: String,
    made_ms: u64,
    used_ms: u64,
    bytes: u64,
    snapshots: Vec<String>,
    forked_from: Option<String>,
    /// What began it, where its name does not say so.
    command: Option<String>,
    in_use: bool,
    /// How much would be taken over; not known of a stage in use, or of which something cannot be read.
    changes: Option<usize>,
    /// Something was taken over from it.
    applied: bool,
    /// Something waits in it, and nobody has touched it for longer than others are kept.
    old: bool,
}

impl Line {
    fn of(stages: &Stages, context: &Context, summary: Summary, bounds: &Bounds) -> Self {
        let workspace = context.workspace.to_string_lossy().into_owned();
        let waits = if summary.in_use { None } else { Waits::look(stages, &summary.name).ok() };
        let old = bounds.is_old(&summary) && !waits.as_ref().is_some_and(Waits::is_nothing);
        let Summary { name, made_ms, used_ms, touched_ms: _, bytes, snapshots, forked_from, in_use, applied } = summary;
        let changes = waits.map(|waits| waits.changes);
        // A stage without a name of its own is called as its run is.
        let command = command_of(context, &name);
        Self {
            name,
            workspace,
            made_ms,
            used_ms,
            bytes,
            snapshots,
            forked_from,
            command,
            in_use,
            changes,
            applied,
            old,
        }
    }

    fn describe(&self, forks: &[&str]) -> String {
        let waits = match self.changes {
            _ if self.in_use => "in use".to_owned(),
            None => "cannot be looked at".to_owned(),
            Some(0) => "nothing waits".to_owned(),
            Some(many) => counted(many),
        };
        let Self { name, bytes, used_ms, snapshots, forked_from, command, applied, old, .. } = self;
        // What waits now has come since, or was left.
        let taken = match self.changes {
            _ if !*applied => "",
            Some(1..) if !self.in_use => "taken over in part, waiting: ",
            _ => "taken over, ",
        };
        let mut text = format!("{name:<16}  {:>9}  {:<12}  {taken}{waits}", size(*bytes), age(*used_ms));
        let more = [
            command.clone(),
            old.then(|| "old".to_owned()),
            (!snapshots.is_empty()).then(|| format!("snapshots: {}", snapshots.join(", "))),
            forked_from.as_ref().map(|from| format!("forked from {from}")),
            (!forks.is_empty()).then(|| format!("forks: {}", forks.join(", "))),
        ];
        more.into_iter().flatten().for_each(|more| text.push_str(&format!("  {more}")));
        text
    }
}

pub(crate) fn list(args: &StagesArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    if let Some(from) = &args.from {
        return take_from(&context, &context.absolute(from));
    }
    let stages = stages(&context)?;
    let summaries = readable(&stages)?;
    if args.prune {
        return prune(&context, &stages, summaries, args);
    }
    let bounds = Bounds::of(&policy(&context)?);
    let lines: Vec<Line> = summaries.into_iter().map(|summary| Line::of(&stages, &context, summary, &bounds)).collect();
    if args.json {
        return output::json(&lines);
    }
    if std::io::stderr().is_terminal() && !lines.is_empty() {
        eprintln!("pinfold: the stages of {}", context.workspace.display());
    }
    for line in &lines {
        let forks = lines.iter().filter(|other| other.forked_from.as_ref() == Some(&line.name));
        let forks: Vec<&str> = forks.map(|fork| &*fork.name).collect();
        println!("{}", line.describe(&forks));
    }
    if lines.is_empty() {
        eprintln!("pinfold: no stages here; pinfold run --staged -- COMMAND begins one");
        for place in vanished(context.state()) {
            let word = shell_word(&place.to_string_lossy());
            eprintln!("pinfold: there are some of {word}, which is gone; if this is it: pinfold stages --from {word}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Workspaces that are gone though something is kept that staged runs wrote there.
fn vanished(state: &Path) -> Vec<PathBuf> {
    let work = places(state).into_iter().filter(|place| place.has_vanished() && place.holds_work());
    work.filter_map(|place| place.workspace).collect()
}

/// Stages whose record can be read; of others it is told.
fn readable(stages: &Stages) -> Result<Vec<Summary>, CliError> {
    let told = stages
        .list()
        .map_err(|error| shown(&error))?
        .into_iter()
        .map(|one| one.map_err(|error| eprintln!("{}", shown(&error))));
    Ok(told.filter_map(Result::ok).collect())
}

fn prune(context: &Context, stages: &Stages, summaries: Vec<Summary>, args: &StagesArgs) -> Result<ExitCode, CliError> {
    let policy = policy(context)?;
    let bounds = match &args.older_than {
        None => Bounds::of(&policy),
        Some(text) => {
            let moment =
                ago(text).ok_or_else(|| CliError::new(format!("`{text}` is no time")).hint("90s, 15m, 2h or 14d"))?;
            Bounds::before(moment.nanoseconds() / 1_000_000, args.unapplied)
        }
    };
    let going = keep::going(stages, summaries, &bounds);
    for Going { stage, why } in &going {
        println!("{:<16}  {:>9}  {why}", stage.name, size(stage.bytes));
    }
    let bytes = going.iter().map(|going| going.stage.bytes).sum();
    if args.dry_run {
        eprintln!("pinfold: {} of stages would go", size(bytes));
        return Ok(ExitCode::SUCCESS);
    }
    for going in &going {
        keep::remove(context, &context.workspace, &policy, stages, going)?;
    }
    eprintln!("pinfold: {} of stages gone", size(bytes));
    Ok(ExitCode::SUCCESS)
}

/// The stages of a workspace that was elsewhere become those of this one.
fn take_from(context: &Context, from: &Path) -> Result<ExitCode, CliError> {
    let old = Stages::new(Store::stages(context.state(), from));
    if from.symlink_metadata().is_ok() {
        return Err(CliError::new(format!("{} is still there", from.display())).why("its stages are its own"));
    }
    let names = readable(&old)?.into_iter().map(|stage| stage.name.into()).collect::<Vec<PathBuf>>();
    if names.is_empty() {
        let error = CliError::new(format!("there are no stages of {}", from.display()));
        let known = vanished(context.state());
        return Err(known
            .iter()
            .fold(error, |error, place| error.hint(format!("there are some of {}", place.display()))));
    }
    // Whatever is kept for this workspace has its path beside it.
    let store = Store::open(context.state().to_owned()).and_then(|store| store.workspace(&context.workspace));
    store.map_err(|error| CliError::from_error(&error))?;
    let new = stages(context)?;
    let event = event::Stage { other: Some(from.into()), paths: listed(&names), ..event::Stage::new(Act::Move, "all") };
    recorded(context, event, || {
        new.take_from(&old, from).map_err(|error| match error {
            StoreError::Exists { .. } => CliError::new("there are stages here already")
                .hint("take them over or discard them first: pinfold stages"),
            error => shown(&error),
        })
    })?;
    stages(context)?;
    eprintln!("pinfold: what waited in {} waits here now: pinfold stages", from.display());
    Ok(ExitCode::SUCCESS)
}
