//! What a supervisor may say when: the runner's account.

use super::Violation;
use super::window::Window;
use crate::message::{Order, Stdio, Stream};

/// Where a session is, as the runner sees it.
#[derive(Debug)]
pub struct FromSupervisor {
    phase: Phase,
    terminal: bool,
    stdin: Window,
    stdin_closed: bool,
    output: [Window; 2],
    output_closed: [bool; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has said nothing.
    Silent,
    /// It has said who it is, and no command.
    Greeted,
    /// It was not told yet that the command runs.
    Starting,
    /// It was.
    Running,
    /// It was told the end: what it says was on its way before, and is without meaning.
    Over,
}

impl Default for FromSupervisor {
    fn default() -> Self {
        Self {
            phase: Phase::Silent,
            terminal: false,
            stdin: Window::default(),
            stdin_closed: false,
            output: Default::default(),
            output_closed: [false; 2],
        }
    }
}

impl FromSupervisor {
    /// The supervisor says something.
    ///
    /// # Errors
    /// When it must not.
    pub fn hear<P>(&mut self, order: &Order<P>) -> Result<(), Violation> {
        match (order, self.phase) {
            (_, Phase::Over) => Ok(()),
            (Order::Hello(_), Phase::Silent) => {
                self.phase = Phase::Greeted;
                Ok(())
            }
            (_, Phase::Silent) => Err(Violation("does not say first who it is")),
            (Order::Start { start, .. }, Phase::Greeted) => {
                self.phase = Phase::Starting;
                self.terminal = start.stdio != Stdio::Pipes;
                Ok(())
            }
            (_, Phase::Greeted | Phase::Starting) => Err(Violation("gives orders for a command that does not run")),
            (order, Phase::Running) => self.hear_of_command(order),
        }
    }

    fn hear_of_command<P>(&mut self, order: &Order<P>) -> Result<(), Violation> {
        match order {
            Order::Hello(_) | Order::Start { .. } => Err(Violation("starts twice")),
            Order::Stdin { .. } if self.stdin_closed => Err(Violation("sends input after the end of it")),
            Order::Stdin { bytes } => self.stdin.pass(bytes.0.len()),
            Order::CloseStdin if std::mem::replace(&mut self.stdin_closed, true) => {
                Err(Violation("closes the input twice"))
            }
            Order::Taken { stream, bytes } => self.output[stream.index()].taken(*bytes as usize),
            Order::CloseOutput { stream }
                if self.terminal || std::mem::replace(&mut self.output_closed[stream.index()], true) =>
            {
                Err(Violation("closes an output that is closed, or a terminal's"))
            }
            Order::Resize(_) if !self.terminal => Err(Violation("changes the size of a terminal that is not there")),
            _ => Ok(()),
        }
    }

    /// It is told that the command runs.
    pub fn started_sent(&mut self) {
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
        }
    }

    /// It is told the end.
    pub fn end_sent(&mut self) {
        self.phase = Phase::Over;
    }

    /// It is sent so many bytes of an output.
    ///
    /// # Errors
    /// When these are more than [`Self::output_room`]: that would be our own mistake.
    pub fn output_sent(&mut self, stream: Stream, bytes: usize) -> Result<(), Violation> {
        self.output[stream.index()].pass(bytes)
    }

    /// The command was given so many bytes of its input.
    ///
    /// # Errors
    /// When these are more than came: that would be our own mistake.
    pub fn stdin_taken(&mut self, bytes: usize) -> Result<(), Violation> {
        self.stdin.taken(bytes)
    }

    /// How many bytes of an output it may be sent.
    pub fn output_room(&self, stream: Stream) -> usize {
        self.output[stream.index()].room()
    }

    /// Whether nobody reads an output.
    pub fn output_closed(&self, stream: Stream) -> bool {
        self.output_closed[stream.index()]
    }
}
