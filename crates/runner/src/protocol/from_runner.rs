//! What a runner may say when: the supervisor's account.

use super::Violation;
use super::window::Window;
use crate::limits::TEXT_BYTES_MAX;
use crate::message::{NotStarted, Report, Stdio, Stream};

/// Where a session is, as the supervisor sees it.
#[derive(Debug)]
pub struct FromRunner {
    phase: Phase,
    stdio: Stdio,
    output: [Window; 2],
    stdin: Window,
    stdin_closed: bool,
    /// A question for its use is open.
    measuring: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has said nothing.
    Silent,
    /// It is ready, and knows no command.
    Ready,
    /// It was told what to start.
    Starting,
    /// The command runs.
    Running,
    /// It has told the end.
    Over,
}

impl FromRunner {
    /// A session in which nothing was said, for a command with these streams.
    pub fn new(stdio: Stdio) -> Self {
        let output = [Window::default(), Window::default()];
        Self { phase: Phase::Silent, stdio, output, stdin: Window::default(), stdin_closed: false, measuring: false }
    }

    /// The runner says something.
    ///
    /// # Errors
    /// When it must not. Then nothing of the session can be believed any more.
    pub fn hear(&mut self, report: &Report) -> Result<(), Violation> {
        match (report, self.phase) {
            (_, Phase::Over) => Err(Violation("goes on after its end")),
            (Report::Ready(ready), Phase::Silent) => {
                self.phase = Phase::Ready;
                short(&ready.user)
            }
            (_, Phase::Silent) => Err(Violation("does not say first who it is")),
            (Report::Ready(_), _) => Err(Violation("says twice who it is")),
            (_, Phase::Ready) => Err(Violation("tells of a command before it was given one")),
            (Report::NotStarted(why), Phase::Starting) => {
                self.phase = Phase::Over;
                match why {
                    NotStarted::Refused { step, message, .. } => short(step).and(short(message)),
                    NotStarted::NotExecuted { message, .. } => short(message),
                }
            }
            (Report::Started { .. }, Phase::Starting) => {
                self.phase = Phase::Running;
                Ok(())
            }
            (_, Phase::Starting) => Err(Violation("tells of a command that it did not say to run")),
            (Report::NotStarted(_) | Report::Started { .. }, Phase::Running) => {
                Err(Violation("says twice how the command was started"))
            }
            (report, Phase::Running) => self.hear_of_command(report),
        }
    }

    fn hear_of_command(&mut self, report: &Report) -> Result<(), Violation> {
        match report {
            Report::Output { stream: Stream::Stderr, .. } if self.stdio != Stdio::Pipes => {
                Err(Violation("has an error output beside a terminal"))
            }
            Report::Output { stream, bytes } => self.output[stream.index()].pass(bytes.0.len()),
            Report::Taken { bytes } => self.stdin.taken(*bytes as usize),
            Report::StdinClosed if std::mem::replace(&mut self.stdin_closed, true) => {
                Err(Violation("closes its input twice"))
            }
            Report::Usage(_) if !std::mem::take(&mut self.measuring) => Err(Violation("answers what nobody asked")),
            Report::Exited { .. } => {
                self.phase = Phase::Over;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// It was told what to start.
    pub fn start_sent(&mut self) {
        if self.phase == Phase::Ready {
            self.phase = Phase::Starting;
        }
    }

    /// It was asked what the run uses.
    pub fn measure_sent(&mut self) {
        self.measuring = true;
    }

    /// It was sent so many bytes for the standard input.
    ///
    /// # Errors
    /// When these are more than [`Self::stdin_room`]: that would be our own mistake.
    pub fn stdin_sent(&mut self, bytes: usize) -> Result<(), Violation> {
        self.stdin.pass(bytes)
    }

    /// So many bytes of an output have been written out, and it will be told.
    ///
    /// # Errors
    /// When these are more than came: that would be our own mistake.
    pub fn output_taken(&mut self, stream: Stream, bytes: usize) -> Result<(), Violation> {
        self.output[stream.index()].taken(bytes)
    }

    /// How many bytes it may be sent for the standard input.
    pub fn stdin_room(&self) -> usize {
        if self.stdin_closed { 0 } else { self.stdin.room() }
    }

    /// Whether the command reads no more input.
    pub fn stdin_closed(&self) -> bool {
        self.stdin_closed
    }

    /// Whether an answer to [`Order::Measure`](crate::Order::Measure) is awaited.
    pub fn is_measuring(&self) -> bool {
        self.measuring
    }

    /// Whether it has said nothing yet.
    pub fn is_silent(&self) -> bool {
        self.phase == Phase::Silent
    }

    /// Whether the command runs.
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether it has told the end, after which it is silent.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }
}

fn short(text: &str) -> Result<(), Violation> {
    if text.len() <= TEXT_BYTES_MAX { Ok(()) } else { Err(Violation("sends a text that is too long")) }
}
