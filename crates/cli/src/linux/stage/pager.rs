//! Where a diff goes: to a terminal through the user's pager, in colours; else as it is.

use std::io::{IsTerminal, Write};
use std::process::{Child, Command, Stdio};

use pinfold_confine::linux::{SignalQueue, end_by, spawn_unblocked};
use rustix::process::Signal;

use super::git::Git;
use super::visible::visible;
use crate::context::Context;
use crate::error::CliError;

/// What the one at the terminal can interrupt, or leave. While it is shown, that ends nothing here: what lies about is removed,
/// and no pager is left alone with the terminal.
const LEAVING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::PIPE];

/// Where a diff goes.
pub(super) struct Out {
    pager: Option<Pager>,
    is_terminal: bool,
    coloured: bool,
    leaving: SignalQueue,
    /// The signal by which somebody has left.
    left_by: Option<i32>,
}

struct Pager {
    command: String,
    child: Child,
}

impl Out {
    pub(super) fn new(context: &Context) -> Result<Self, CliError> {
        let is_terminal = std::io::stdout().is_terminal();
        let leaving = SignalQueue::new(&numbers(&LEAVING)).map_err(|error| wrong(&error))?;
        Ok(Self {
            pager: if is_terminal { Pager::start(context) } else { None },
            is_terminal,
            coloured: is_terminal && !context.has_variable("NO_COLOR"),
            leaving,
            left_by: None,
        })
    }

    /// Whether somebody looks at it at once.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether colours are wanted.
    pub(super) fn is_coloured(&self) -> bool {
        self.coloured
    }

    /// Takes a patch. False when nobody wants more.
    pub(super) fn take(&mut self, patch: &[u8]) -> Result<bool, CliError> {
        match (self.is_terminal, self.coloured) {
            (true, true) => self.write(&in_colours(patch)),
            (true, false) => self.write(&plainly(patch)),
            (false, _) => self.write(patch),
        }
    }

    /// The same for what is fit for a terminal already.
    pub(super) fn write(&mut self, text: &[u8]) -> Result<bool, CliError> {
        if self.is_left() {
            return Ok(false);
        }
        let written = match self.pager.as_mut().map(|pager| pager.child.stdin.as_mut()) {
            Some(Some(input)) => input.write_all(text),
            Some(None) => return Ok(false),
            None => std::io::stdout().lock().write_all(text),
        };
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => other.map(|()| true).map_err(|error| wrong(&error)),
        }
    }

    /// Whether somebody has interrupted it.
    fn is_left(&mut self) -> bool {
        let came = std::iter::from_fn(|| self.leaving.next());
        self.left_by = came.filter(|signal| *signal != Signal::PIPE.as_raw()).last().or(self.left_by);
        self.left_by.is_some()
    }

    /// Waits until its reader has had enough. By then nothing may lie about that would have to be removed.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.is_left();
        let finished = self.pager.take().map_or(Ok(()), Pager::finish);
        if let Some(signal) = self.left_by {
            end_by(signal);
        }
        finished
    }
}

impl Pager {
    /// The one that is named, as git runs it (`git-var(1)`).
    fn start(context: &Context) -> Option<Self> {
        let command = named(context)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).stdin(Stdio::piped());
        if !context.has_variable("LESS") {
            shell.env("LESS", "FRX");
        }
        if !context.has_variable("LV") {
            shell.env("LV", "-c");
        }
        let child = spawn_unblocked(&mut shell).ok()?;
        Some(Self { command, child })
    }

    fn finish(mut self) -> Result<(), CliError> {
        drop(self.child.stdin.take());
        // An interruption is the pager's.
        let _interrupted = SignalQueue::new(&numbers(&[Signal::INT])).map_err(|error| wrong(&error))?;
        let status = self.child.wait().map_err(|error| wrong(&error))?;
        match status.code() {
            Some(126 | 127) => Err(CliError::new(format!("the pager `{}` cannot be run", self.command))
                .hint("name another: PINFOLD_PAGER=less pinfold diff, or none: PINFOLD_PAGER=cat pinfold diff")),
            _ => Ok(()),
        }
    }
}

/// The pager that the user wants, if any.
fn named(context: &Context) -> Option<String> {
    let variable = |name| context.text(name).map(ToOwned::to_owned);
    let named = variable("PINFOLD_PAGER").or_else(|| variable("GIT_PAGER"));
    let named = named.or_else(|| Git::of(context).setting(context, "core.pager")).or_else(|| variable("PAGER"));
    let less = || context.program("less".as_ref()).map(|_| "less".to_owned());
    named.or_else(less).filter(|pager| !pager.is_empty() && pager != "cat")
}

pub(super) fn numbers<const N: usize>(signals: &[Signal; N]) -> [i32; N] {
    signals.map(Signal::as_raw)
}

/// What a program that is called to show something inherits must not be blocked.
pub(super) fn spawn(command: &mut Command) -> std::io::Result<Child> {
    spawn_unblocked(command)
}

fn wrong(error: &std::io::Error) -> CliError {
    CliError::new("the diff cannot be written").why(error.to_string())
}

/// Without what would deceive a terminal.
fn plainly(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| [visible(line.strip_suffix(b"\n").unwrap_or(line)), b"\n".to_vec()].concat()).collect()
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
