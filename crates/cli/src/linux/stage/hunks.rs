//! One hunk after the other, as `git add -p` asks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use pinfold_stage::{Body, Change, Hunk, LineKind, choose, limits};

use super::changes::{counted, shown};
use super::git;
use super::opened::Place;
use super::visible::visible;
use crate::context::Context;
use crate::error::CliError;

const HELP: &str = "\
y - take this over          n - leave it in the stage
a - this and the rest of the file      d - neither this nor the rest of the file
q - nothing more            ? - this";

/// What somebody picked.
#[derive(Default)]
pub(super) struct Picked {
    /// Files of which some hunks were picked, with what they shall contain.
    pub(super) contents: BTreeMap<PathBuf, Arc<[u8]>>,
    /// What was left in the stage as a whole.
    pub(super) left: BTreeSet<PathBuf>,
}

/// What to do with the hunks that follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    RestOfFile(bool),
    Quit,
}

/// Asks about every hunk, about every change that has none, and about what git keeps for itself at once.
pub(super) fn pick<'a>(
    context: &Context,
    offered: impl Iterator<Item = (&'a Place, &'a Change)>,
) -> Result<Picked, CliError> {
    let mut picked = Picked::default();
    let mut quit = false;
    let mut of_git: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut others = Vec::new();
    for (place, change) in offered {
        let path = place.path(change);
        match git::own(&path, change) {
            Some(directory) => of_git.entry(directory).or_default().push(path),
            None => others.push((place, change, path)),
        }
    }
    for (directory, paths) in of_git {
        let text = format!("commits, branches and what git notes: {}\n", counted(paths.len()));
        let name = shown(&context.workspace, &directory);
        let answer = if quit { Answer::Quit } else { ask(&name, text.as_bytes(), "take it over", 1, 1)? };
        quit |= answer == Answer::Quit;
        if !matches!(answer, Answer::Yes | Answer::RestOfFile(true)) {
            picked.left.extend(paths);
        }
    }
    for (place, change, path) in others {
        if quit {
            picked.left.insert(path);
            continue;
        }
        let wrong = |error: std::io::Error| {
            CliError::new(format!("{} cannot be read", shown(&context.workspace, &path))).why(error.to_string())
        };
        let all = place.diffs(change).map_err(wrong)?;
        let name = shown(&context.workspace, &path);
        let [diff] = all.as_slice() else {
            // A new directory comes with what is picked of it.
            if change.makes_directory() && !place.changes.below(&change.path).is_empty() {
                picked.left.insert(path);
            }
            continue;
        };
        let (Body::Text(hunks), Some(old), Some(new)) = (&diff.body, &diff.old, &diff.new) else {
            let text = diff.text();
            match ask(&name, &text, "take this over", 1, 1)? {
                Answer::Yes | Answer::RestOfFile(true) => {}
                Answer::No | Answer::RestOfFile(false) => drop(picked.left.insert(path)),
                Answer::Quit => (quit, _) = (true, picked.left.insert(path)),
            }
            continue;
        };
        if old.mode != new.mode {
            eprintln!("{name}: with these permissions: {:o}, which were {:o}", new.mode, old.mode);
        }
        let mut taken = vec![false; hunks.len()];
        for (number, hunk) in hunks.iter().enumerate() {
            match ask(&name, &lines(hunk), "take this hunk over", number + 1, hunks.len())? {
                Answer::Yes => taken[number] = true,
                Answer::No => {}
                Answer::RestOfFile(yes) => {
                    taken[number..].fill(yes);
                    break;
                }
                Answer::Quit => {
                    quit = true;
                    break;
                }
            }
        }
        if taken.iter().all(|taken| !taken) {
            picked.left.insert(path);
        } else if !taken.iter().all(|taken| *taken) {
            let old = place.real_text(&change.path, limits::DIFF_BYTES).map_err(wrong)?;
            picked.contents.insert(path, choose(&old, hunks, |number| taken[number]).into());
        }
    }
    Ok(picked)
}

fn lines(hunk: &Hunk) -> Vec<u8> {
    let sign = |kind| match kind {
        LineKind::Context => b' ',
        LineKind::Removed => b'-',
        LineKind::Added => b'+',
    };
    let lines = hunk.lines.iter().flat_map(|line| [&[sign(line.kind)], line.text.as_slice()].concat());
    format!("{}\n", hunk.heading()).into_bytes().into_iter().chain(lines).collect()
}

fn ask(name: &str, text: &[u8], question: &str, number: usize, of: usize) -> Result<Answer, CliError> {
    let wrong = |error: std::io::Error| CliError::new("nobody could be asked").why(error.to_string());
    let mut out = std::io::stderr().lock();
    writeln!(out, "{name}").map_err(wrong)?;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        out.write_all(&visible(line.strip_suffix(b"\n").unwrap_or(line)))
            .and_then(|()| out.write_all(b"\n"))
            .map_err(wrong)?;
    }
    loop {
        write!(out, "({number}/{of}) {question}? [y,n,a,d,q,?] ").and_then(|()| out.flush()).map_err(wrong)?;
        let mut answer = String::new();
        if std::io::stdin().lock().read_line(&mut answer).map_err(wrong)? == 0 {
            return Ok(Answer::Quit);
        }
        match answer.trim() {
            "y" => return Ok(Answer::Yes),
            "n" => return Ok(Answer::No),
            "a" => return Ok(Answer::RestOfFile(true)),
            "d" => return Ok(Answer::RestOfFile(false)),
            "q" => return Ok(Answer::Quit),
            _ => writeln!(out, "{HELP}").map_err(wrong)?,
        }
    }
}
