//! `pinfold undo` of a run that wrote to the workspace itself.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_ledger::event::{self, Act};
use pinfold_stage::before::{Record, Undoing};

use super::keep::{befores, settle};
use crate::args::UndoArgs;
use crate::commands::command_of;
use crate::context::Context;
use crate::error::{CliError, with_causes};
use crate::linux::stage::{
    self, Indexes, Recorded, age, agrees, counted, is_gits, listed, not_undone, policy, shown, size,
};

/// How many paths are told one by one.
const TOLD: usize = 20;

/// Undoes what was done last: a run, or taking something over from a stage.
pub(crate) fn undo(args: &UndoArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    settle(&context)?;
    if args.list {
        return list(&context);
    }
    match chosen(&context, args.session.as_deref())? {
        Some(record) => take_back(&context, record, args.lose),
        None => stage::undo(&context, args.lose),
    }
}

/// The runs that can be undone.
fn list(context: &Context) -> Result<ExitCode, CliError> {
    let kept = befores(context).list().map_err(|error| CliError::from_error(&error))?;
    for run in &kept {
        let command = command_of(context, &run.session).unwrap_or_default();
        let line = format!("{:<16}  {:>9}  {:<12}  {command}", run.session, size(run.bytes), age(run.made_ms));
        println!("{}", line.trim_end());
    }
    if kept.is_empty() {
        eprintln!("pinfold: no runs that can be undone; pinfold run --undo -- COMMAND keeps what one changes");
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives up what is kept of a run. False where there is none of that name.
pub(crate) fn discard(context: &Context, session: &str) -> Result<bool, CliError> {
    settle(context)?;
    let forgotten = befores(context).open(session).and_then(|record| record.map(Record::forget).transpose());
    forgotten.map(|forgotten| forgotten.is_some()).map_err(|error| CliError::from_error(&error))
}

/// The run that is meant; nothing where something was taken over from a stage since.
fn chosen(context: &Context, session: Option<&str>) -> Result<Option<Record>, CliError> {
    let befores = befores(context);
    let failed = |error| CliError::from_error(&error);
    if let Some(session) = session {
        let record = befores.open(session).map_err(failed)?;
        return record.map(Some).ok_or_else(|| {
            CliError::new(format!("nothing is kept of a run {session}"))
                .why("it changed nothing, was undone, is going on, or ran without --undo; only the last runs are kept")
                .hint("pinfold undo --list")
        });
    }
    let Some(last) = befores.list().map_err(failed)?.into_iter().next() else { return Ok(None) };
    if stage::last_applied_ms(context)?.is_some_and(|applied| applied > last.made_ms) {
        return Ok(None);
    }
    befores.open(&last.session).map_err(failed)
}

fn take_back(context: &Context, record: Record, lose: bool) -> Result<ExitCode, CliError> {
    // What git refreshes whenever it looks says nothing that would be missed.
    let indexes = Indexes::of(context);
    let undoing = record.plan(&|path| indexes.says_nothing_new(path)).map_err(|error| not_undone(context, &error))?;
    let session = record.session().to_owned();
    if record.ended().killed {
        eprintln!(
            "pinfold: nobody saw the end of the run {session}: what was changed since in files that it touched counts as its own"
        );
    }
    if !lose {
        let agreed = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !agreed {
            return Err(would_be_lost(context, &session, &undoing));
        }
        eprintln!("pinfold: what the run {session} changed, and nothing else has:");
        told(context, &undoing).for_each(|path| eprintln!("  {path}"));
        if !agrees("make that as it was before the run?")? {
            return Err(CliError::new("nothing was changed"));
        }
    }
    let lost: Vec<_> = undoing.lost().collect();
    for (path, why) in &lost {
        eprintln!("pinfold: not undone: {}: {why}", shown(&context.workspace, path));
    }
    let event = event::Stage { paths: listed(&undoing.paths()), ..event::Stage::new(Act::UndoRun, &session) };
    let mut recorded = Recorded::begin(context, &context.workspace, &policy(context)?, event)?;
    let undone = record.undo(&undoing);
    recorded.end(undone.as_ref().err().map(|error| with_causes(error)));
    undone.map_err(|error| not_undone(context, &error))?;
    indexes.note(undoing.paths().iter().map(PathBuf::as_path));
    let but = if lost.is_empty() { "" } else { ", but for that" };
    eprintln!("pinfold: undone: what the run {session} changed is as it was before{but}");
    Ok(ExitCode::SUCCESS)
}

/// The paths that change, some of them one by one.
fn told(context: &Context, undoing: &Undoing) -> impl Iterator<Item = String> {
    let (gits, paths): (Vec<_>, Vec<_>) = undoing.paths().into_iter().partition(|path| is_gits(path));
    let more = paths.len().saturating_sub(TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    let of_git = (!gits.is_empty()).then(|| format!("{} in what is git's own", counted(gits.len())));
    let paths: Vec<String> = paths.iter().take(TOLD).map(|path| shown(&context.workspace, path)).collect();
    paths.into_iter().chain(more).chain(of_git)
}

fn would_be_lost(context: &Context, session: &str, undoing: &Undoing) -> CliError {
    let error = CliError::new(format!("what the run {session} wrote would be lost"))
        .why("nothing else has it, and there is no terminal to ask at");
    let error = told(context, undoing).fold(error, |error, path| error.why(format!("as before the run: {path}")));
    let lost = undoing.lost().take(TOLD);
    let error =
        lost.fold(error, |error, (path, why)| error.why(format!("stays: {}: {why}", shown(&context.workspace, &path))));
    error.hint(format!("pinfold undo {session} --lose"))
}
