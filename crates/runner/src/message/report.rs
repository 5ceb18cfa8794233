//! What a runner tells the supervisor.

use serde::{Deserialize, Serialize};

use super::{Chunk, Nonce, NotStarted};

/// From the runner to the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Report {
    /// The runner runs.
    Ready(Ready),
    /// The command did not start.
    NotStarted(NotStarted),
    /// Everything is in force and the command runs.
    Started {
        /// Its process id.
        pid: u32,
    },
    /// From the command.
    Output {
        /// Which output; all that a terminal shows is [`Stream::Stdout`].
        stream: Stream,
        /// At least one byte, at most [`CHUNK_BYTES_MAX`](crate::CHUNK_BYTES_MAX).
        bytes: Chunk,
    },
    /// The command has been given this much more of its standard input, in bytes.
    Taken {
        /// How much.
        bytes: u32,
    },
    /// The command does not read its standard input any more.
    StdinClosed,
    /// What it uses, as asked by [`Order::Measure`](super::Order::Measure).
    Usage(Usage),
    /// The command has ended, nothing of the run lives, and all output has been sent.
    Exited {
        /// Its exit code.
        code: u32,
    },
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ready {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// The runner's process id.
    pub pid: u32,
    /// Its user: a security identifier as text.
    pub user: String,
    /// The number of [`Hello`](super::Hello).
    pub echo: Nonce,
    /// To be given back in [`Order::Start`](super::Order::Start).
    pub nonce: Nonce,
}

/// An output of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// Its place among both.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
        }
    }
}

/// What a run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Usage {
    /// Processes that live.
    pub processes: u32,
    /// Memory that they have together.
    pub memory_bytes: u64,
    /// Time on processors, of those that have ended as well.
    pub cpu_ms: u64,
}
