//! `pinfold diff`: what a stage would change, line by line.

use std::io::{IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};

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
    let text = text(&opened, &paths)?;
    // A pager may be looked at for long.
    drop(opened);
    show(&context, &text)
}

fn text(opened: &Opened, paths: &Paths) -> Result<Vec<u8>, CliError> {
    let mut text = Vec::new();
    let meant = opened.changes().filter(|(place, change)| paths.mean(place, change));
    let (gits, others): (Vec<_>, Vec<_>) = meant.partition(|(place, change)| git::quiet(&place.path(change)).is_some());
    if !gits.is_empty() {
        eprintln!("pinfold: not shown: {} to what git keeps for itself", counted(gits.len()));
    }
    for (place, change) in others {
        if let What::LeftOut(why) = &change.what {
            eprintln!("pinfold: {} stays in the stage: {why}", place.path(change).display());
        }
        let read = |error: std::io::Error| {
            CliError::new(format!("{} cannot be read", place.path(change).display())).why(error.to_string())
        };
        for diff in place.diffs(change).map_err(read)? {
            text.extend(diff.text());
        }
    }
    Ok(text)
}

/// To a terminal through the user's pager, in colours; else as it is.
fn show(context: &Context, text: &[u8]) -> Result<ExitCode, CliError> {
    let out = std::io::stdout();
    let wrong = |error: std::io::Error| CliError::new("the diff cannot be written").why(error.to_string());
    if !out.is_terminal() {
        out.lock().write_all(text).map_err(wrong)?;
        return Ok(ExitCode::SUCCESS);
    }
    let coloured = if context.has_variable("NO_COLOR") { text.to_vec() } else { in_colours(text) };
    let Some(mut pager) = pager(context).filter(|_| !text.is_empty()) else {
        out.lock().write_all(&coloured).map_err(wrong)?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(mut input) = pager.stdin.take() {
        // Whoever has seen enough closes it.
        let _ = input.write_all(&coloured);
    }
    pager.wait().map_err(wrong)?;
    Ok(ExitCode::SUCCESS)
}

/// As git looks for it (`git-var(1)`), but for its own settings.
fn pager(context: &Context) -> Option<std::process::Child> {
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

/// With control characters, but for tabs, made visible.
pub(super) fn visible(line: &[u8]) -> Vec<u8> {
    let shown = |byte: &u8| match byte {
        b'\t' => vec![b'\t'],
        0..=0x1f => vec![b'^', byte + 0x40],
        0x7f => b"^?".to_vec(),
        _ => vec![*byte],
    };
    line.iter().flat_map(shown).collect()
}
