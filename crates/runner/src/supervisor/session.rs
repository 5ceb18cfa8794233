//! What a session is for, and how it can end.

use serde::Serialize;
use serde_json::Value;

use super::remote::Remote;
use super::state::Supervision;
use crate::error::LinkError;
use crate::message::{Nonce, NotStarted, Start, Usage};
use crate::shared::Shared;

/// Who is expected at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The process id of the runner that was started.
    pub pid: u32,
    /// Its user: a security identifier as text.
    pub user: String,
}

/// A session that has not begun.
#[derive(Debug)]
pub struct Session {
    pub(super) shared: Shared<Supervision>,
}

/// The caller's standard streams, or what stands for them. Threads keep them that outlive the session while they wait
/// for somebody who does not read or write.
#[derive(Debug)]
pub struct Streams<I, O, E> {
    /// Read from only when the command runs, and only as much as it takes.
    pub stdin: I,
    /// Gets the command's standard output.
    pub stdout: O,
    /// Gets the command's standard error.
    pub stderr: E,
}

/// What is told while a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The command runs.
    Started {
        /// Its process id, as the runner says.
        pid: u32,
    },
    /// What it uses, as the runner says: the command may have written that itself. Limits are the job's to keep.
    Usage(Usage),
}

/// How a session ended. Texts come from the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The command ended, and all that it has written was passed on.
    Exited {
        /// Its exit code.
        code: u32,
    },
    /// The command wrote more than it may and was ended.
    OutputLimit,
    /// The command did not start.
    NotStarted(NotStarted),
}

impl Session {
    /// One for a command. Its outputs together may be `output_bytes_max`; `nonce` is fresh.
    ///
    /// # Errors
    /// When the plan cannot be told in JSON.
    pub fn new<P: Serialize>(
        start: Start<P>,
        expected: Peer,
        nonce: Nonce,
        output_bytes_max: Option<u64>,
    ) -> Result<Self, LinkError> {
        let plan: Value = serde_json::to_value(start.plan).map_err(|_| LinkError::Malformed)?;
        let Start { command, environment, directory, stdio, .. } = start;
        let start = Start { command, environment, directory, plan, stdio };
        Ok(Self { shared: Shared::new(Supervision::new(start, expected, nonce, output_bytes_max)) })
    }

    /// What gives orders while the session goes on.
    pub fn remote(&self) -> Remote {
        Remote(self.shared.clone())
    }
}
