//! `pinfold undo`: what was taken over last is taken back.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_ledger::event::{self, Act};

use super::changes::named;
use super::git::is_gits;
use super::in_the_way::not_undone;
use super::indexes::Indexes;
use super::opened::{Opened, policy, stages};
use super::recorded::{Recorded, listed};
use crate::context::Context;
use crate::error::{CliError, with_causes};

/// When something was taken over that can be undone, in milliseconds since 1970.
pub(in crate::linux) fn last_applied_ms(context: &Context) -> Result<Option<u64>, CliError> {
    let last = stages(context)?.last_applied().map_err(|error| CliError::from_error(&error))?;
    Ok(last.map(|applied| applied.made_ms()))
}

pub(in crate::linux) fn undo(context: &Context, lose: bool) -> Result<ExitCode, CliError> {
    let stages = stages(context)?;
    let last = stages.last_applied().map_err(|error| CliError::from_error(&error))?;
    let mut last = last.ok_or_else(|| {
        CliError::new("there is nothing to undo")
            .why("nothing was taken over here and no run was kept, or all of it was undone")
            .hint("pinfold run --undo -- COMMAND keeps what a run changes")
    })?;
    let name = last.stage().to_owned();
    let mut opened = if stages.has(&name) { Some(Opened::named(stages.clone(), &name)?) } else { None };
    if opened.is_none() && !lose {
        return Err(CliError::new(format!("what was taken over from the stage {name} would be lost"))
            .why("that stage was discarded, so that the workspace alone has it")
            .hint("pinfold undo --lose"));
    }
    // What git refreshes whenever it looks says nothing that would be missed.
    let indexes = Indexes::of(context);
    let accepts = |path: &Path| indexes.says_nothing_new(path);
    let about = opened.iter().flat_map(|opened| &opened.places).map(|place| place.current(&accepts));
    let about = about.collect::<Result<Vec<_>, _>>()?;
    let changed = last.changed().map_err(|error| CliError::from_error(&error))?;
    let paths = changed.iter().flat_map(|(root, paths)| paths.iter().map(|path| root.join(path)));
    let paths: Vec<PathBuf> = paths.collect();
    let event = event::Stage {
        run: last.session().map(ToOwned::to_owned),
        paths: listed(&paths),
        ..event::Stage::new(Act::Undo, &name)
    };
    let mut recorded = Recorded::begin(context, &context.workspace, &policy(context)?, event)?;
    let session = recorded.session();
    let mut undo = |mut opened: Option<&mut Opened>| {
        let mut anew = Ok(());
        let undone = last.undo(&stages, &accepts, session.as_deref(), &mut |applied, done| {
            anew = opened.as_mut().map_or(Ok(()), |opened| opened.begin_anew(applied));
            recorded.end(done.as_ref().err().map(|error| with_causes(error)));
            anew.is_ok()
        });
        undone.map_err(|error| not_undone(context, &error))?;
        anew
    };
    match &mut opened {
        Some(opened) => opened.act(&about, |opened| undo(Some(opened)))?,
        None => undo(None)?,
    }
    indexes.note(paths.iter().map(PathBuf::as_path));
    let others: Vec<PathBuf> = paths.into_iter().filter(|path| !is_gits(path)).collect();
    let what = named(&context.workspace, &others).unwrap_or_else(|| "what git keeps for itself".to_owned());
    match opened {
        Some(_) => eprintln!("pinfold: undone: {what}: in the stage {name} again"),
        None => eprintln!("pinfold: undone: {what}"),
    }
    Ok(ExitCode::SUCCESS)
}
