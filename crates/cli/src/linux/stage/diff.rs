//! `pinfold diff`: what a stage would change, line by line.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;

use pinfold_policy::plain;
use pinfold_stage::{Change, FileDiff, What};

use super::changes::counted;
use super::git;
use super::ignored::Ignored;
use super::opened::{Opened, Paths, Place};
use super::pager::Out;
use super::tool::Tool;
use crate::args::DiffArgs;
use crate::context::Context;
use crate::error::CliError;

pub(crate) fn diff(args: &DiffArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (mut opened, paths) = Opened::shown(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    let ignored = if args.ignored { Ignored::default() } else { Ignored::of(&context, &opened.places)? };
    let left = ignored.left(&paths);
    if !left.is_empty() {
        let (summary, diff) = (left.summary(&context.workspace), opened.typed("diff"));
        eprintln!("pinfold: not shown, as git ignores it: {summary}; {diff} --ignored shows it");
    }
    let mut out = Out::new(&context)?;
    let meant = |path: &Path| paths.mean_path(path) && !ignored.leaves(&paths, path);
    let tool = Tool::of(&context, args, &out, &opened);
    let shown = tool.and_then(|tool| write(&mut opened, meant, tool, &mut out));
    // A pager may be looked at for long.
    drop(opened);
    out.finish()?;
    shown.map(|()| ExitCode::SUCCESS)
}

/// One file after the other, however many there are. What somebody has seen is remembered.
fn write(
    opened: &mut Opened,
    meant: impl Fn(&Path) -> bool,
    mut tool: Option<Tool>,
    out: &mut Out,
) -> Result<(), CliError> {
    let is_meant = |place: &Place, change: &Change| meant(&place.path(change));
    let is_quiet = |place: &Place, change: &Change| git::quiet(&place.path(change), change).is_some();
    let gits = opened.changes().filter(|(place, change)| is_meant(place, change) && is_quiet(place, change)).count();
    if gits > 0 {
        eprintln!("pinfold: not shown: {} to what git keeps for itself", counted(gits));
    }
    let in_use = opened.in_use;
    for place in &mut opened.places {
        let meant: Vec<Change> = place.changes.all().iter().filter(|change| is_meant(place, change)).cloned().collect();
        let goes_on = show_all(place, &meant, in_use, tool.as_mut(), out)?;
        if !in_use {
            place.remember()?;
        }
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// Shows changes of a place. False when nobody wants more.
fn show_all(
    place: &mut Place,
    changes: &[Change],
    in_use: bool,
    mut tool: Option<&mut Tool>,
    out: &mut Out,
) -> Result<bool, CliError> {
    let mut too_long = 0;
    for change in changes {
        let diffs = match diffs(place, change) {
            Ok(diffs) => diffs,
            Err(_) if in_use => {
                eprintln!("pinfold: {} has changed meanwhile", plain(&place.path(change).to_string_lossy()));
                continue;
            }
            Err(error) if error.kind() == ErrorKind::InvalidFilename => {
                too_long += 1;
                continue;
            }
            Err(error) => return Err(unreadable(place, change, &error)),
        };
        if !show(place, &diffs, tool.as_deref_mut(), out)? {
            return Ok(false);
        }
        // What somebody else writes to is another one when it is taken over.
        if !in_use {
            match place.reviewed.add(&place.layers, change) {
                Err(error) if error.kind() == ErrorKind::InvalidFilename => too_long += 1,
                added => added.map_err(|error| unreadable(place, change, &error))?,
            }
        }
    }
    // They take nobody the sight of the others.
    if too_long > 0 {
        eprintln!("pinfold: not shown: {} with paths that are too long", counted(too_long));
    }
    Ok(true)
}

/// What is shown of one change.
fn diffs(place: &Place, change: &Change) -> io::Result<Vec<FileDiff>> {
    if git::quiet(&place.path(change), change).is_some() {
        return Ok(Vec::new());
    }
    if let What::LeftOut(why) = &change.what {
        eprintln!("pinfold: {} stays in the stage: {why}", plain(&place.path(change).to_string_lossy()));
    }
    place.diffs(change)
}

/// Shows one change. False when nobody wants more.
fn show(place: &Place, diffs: &[FileDiff], mut tool: Option<&mut Tool>, out: &mut Out) -> Result<bool, CliError> {
    for diff in diffs {
        let by_tool = match &mut tool {
            Some(tool) => tool.shown(place, diff)?,
            None => None,
        };
        let goes_on = match by_tool {
            Some(printed) => out.write(&printed)?,
            None => out.take(&diff.text())?,
        };
        if !goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unreadable(place: &Place, change: &Change, error: &io::Error) -> CliError {
    let path = plain(&place.path(change).to_string_lossy());
    CliError::new(format!("{path} cannot be read")).why(error.to_string())
}
