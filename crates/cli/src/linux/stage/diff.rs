//! `pinfold diff`: what a stage would change, line by line.

use std::io::{IsTerminal, Write};
use std::process::{Child, Command, ExitCode, Stdio};

use pinfold_policy::plain;
use pinfold_stage::What;

use super::changes::counted;
use super::git;
use super::opened::{Opened, Paths};
use crate::args::DiffArgs;
use crate::context::Context;
use crate::error::CliError;

pub(crate) fn diff(args: &DiffArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (opened, paths) = Opened::of(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    let mut out = Out::new(&context);
    let shown = write(&opened, &paths, &mut out);
    // A pager may be looked at for long.
    drop(opened);
    out.finish()?;
    shown.map(|()| ExitCode::SUCCESS)
}

/// One file after the other, however many there are.
fn write(opened: &Opened, paths: &Paths, out: &mut Out) -> Result<(), CliError> {
    let meant = opened.changes().filter(|(place, change)| paths.mean(place, change));
    let (gits, others): (Vec<_>, Vec<_>) =
        meant.partition(|(place, change)| git::quiet(&place.path(change), change).is_some());
    if !gits.is_empty() {
        eprintln!("pinfold: not shown: {} to what git keeps for itself", counted(gits.len()));
    }
    for (place, change) in others {
        let path = || plain(&place.path(change).to_string_lossy());
        if let What::LeftOut(why) = &change.what {
            eprintln!("pinfold: {} stays in the stage: {why}", path());
        }
        let read = |error: std::io::Error| CliError::new(format!("{} cannot be read", path())).why(error.to_string());
        for diff in place.diffs(change).map_err(read)? {
            if !out.take(&diff.text())? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Where it goes: to a terminal through the user's pager, in colours; else as it is.
struct Out {
    pager: Option<Child>,
    coloured: bool,
}

impl Out {
    fn new(context: &Context) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self {
            pager: if terminal { pager(context) } else { None },
            coloured: terminal && !context.has_variable("NO_COLOR"),
        }
    }

    /// False when nobody wants more.
    fn take(&mut self, text: &[u8]) -> Result<bool, CliError> {
        let coloured = if self.coloured { in_colours(text) } else { text.to_vec() };
        match self.pager.as_mut().map(|pager| pager.stdin.as_mut()) {
            Some(Some(input)) => Ok(input.write_all(&coloured).is_ok()),
            Some(None) => Ok(false),
            None => std::io::stdout().lock().write_all(&coloured).map(|()| true).map_err(|error| wrong(&error)),
        }
    }

    fn finish(mut self) -> Result<(), CliError> {
        let Some(pager) = &mut self.pager else { return Ok(()) };
        drop(pager.stdin.take());
        pager.wait().map(drop).map_err(|error| wrong(&error))
    }
}

fn wrong(error: &std::io::Error) -> CliError {
    CliError::new("the diff cannot be written").why(error.to_string())
}

/// As git looks for it (`git-var(1)`), but for its own settings.
fn pager(context: &Context) -> Option<Child> {
    let named = ["GIT_PAGER", "PAGER"].into_iter().find_map(|name| context.text(name));
    let pager = named.unwrap_or("less");
    if pager.is_empty() || pager == "cat" {
        return None;
    }
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if !context.has_variable("LESS") {
        command.env("LESS", "FRX");
    }
    command.spawn().ok()
}

/// As git shows it: what it says of a file bold, hunks cyan, lines red and green. What would deceive a terminal is not let
/// through.
fn in_colours(text: &[u8]) -> Vec<u8> {
    let mut coloured = Vec::with_capacity(text.len() * 2);
    let mut in_hunk = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        in_hunk = line.starts_with(b"@@") || in_hunk && line.first().is_some_and(|first| b"+- \\".contains(first));
        let colour = match line.first() {
            Some(b'@') if in_hunk => "36",
            Some(b'+') if in_hunk => "32",
            Some(b'-') if in_hunk => "31",
            _ if in_hunk => "",
            _ => "1",
        };
        let visible = visible(line.strip_suffix(b"\n").unwrap_or(line));
        if colour.is_empty() {
            coloured.extend(visible);
        } else {
            coloured.extend(format!("\x1b[{colour}m").bytes());
            coloured.extend(visible);
            coloured.extend(b"\x1b[m");
        }
        coloured.push(b'\n');
    }
    coloured
}

/// Without what deceives a terminal, but for tabs.
pub(super) fn visible(line: &[u8]) -> Vec<u8> {
    let line = String::from_utf8_lossy(line);
    line.split('\t').map(plain).collect::<Vec<_>>().join("\t").into_bytes()
}
