//! `pinfold undo`: what was taken over last is taken back.

use std::path::Path;
use std::process::ExitCode;

use super::git::Git;
use super::in_the_way::not_applied;
use super::opened::{Opened, stages};
use crate::args::UndoArgs;
use crate::context::Context;
use crate::error::CliError;

pub(crate) fn undo(args: &UndoArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let stages = stages(&context)?;
    let last = stages.last_applied().map_err(|error| CliError::from_error(&error))?;
    let last = last.ok_or_else(|| {
        CliError::new("there is nothing to undo").why("nothing was taken over here, or all of it was undone")
    })?;
    let name = last.stage();
    let mut opened = if stages.has(name) { Some(Opened::named(stages.clone(), name)?) } else { None };
    if opened.is_none() && !args.lose {
        return Err(CliError::new(format!("what was taken over from the stage {name} would be lost"))
            .why("that stage was discarded, so that the workspace alone has it")
            .hint("pinfold undo --lose"));
    }
    // What git refreshes whenever it looks says nothing that would be missed.
    let git = Git::of(&context);
    let accepts = |path: &Path| git.is_idle_index(path);
    let about = opened.iter().flat_map(|opened| &opened.places).map(|place| place.current(&accepts));
    let about = about.collect::<Result<Vec<_>, _>>()?;
    let changed = last.changed().map_err(|error| CliError::from_error(&error))?;
    let changed: Vec<_> = changed.into_iter().map(|(root, paths)| (root.to_owned(), paths)).collect();
    let done = match &mut opened {
        Some(opened) => opened.act(&about, |stages| last.undo(stages, &accepts))?,
        None => last.undo(&stages, &accepts),
    };
    done.map_err(|error| {
        not_applied(&context, &error)
            .hint("what you have changed since stays; commit it or move it away to undo all the same")
    })?;
    if let Some(opened) = &mut opened {
        opened.begin_anew(&last.name(), &changed)?;
    }
    match opened {
        Some(_) => eprintln!("pinfold: undone: it waits in the stage {name} again"),
        None => eprintln!("pinfold: undone"),
    }
    Ok(ExitCode::SUCCESS)
}
