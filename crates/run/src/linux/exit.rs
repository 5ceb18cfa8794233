//! How a run ended, and the exit status that says so.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::linux::executed::Executions;
use crate::linux::limits::LimitReached;
use crate::linux::refused::Refusals;
use crate::linux::watch::Quarantine;
use crate::traffic::Traffic;

/// Exit status when the sandbox itself failed and the command never ran.
const NOT_STARTED: u8 = 125;
/// Exit status when the wall-clock limit ended the run, as timeout(1) has it.
const TIMED_OUT: u8 = 124;

/// How the command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It could not be executed; the error number of `execve(2)`.
    NotExecuted(i32),
    /// By the supervisor, because of a limit.
    Limited(LimitReached),
    /// By the supervisor, because it could not be recorded and had to be: why not.
    Unrecorded(String),
}

/// What there is to say after a run.
#[derive(Debug)]
pub struct Outcome {
    /// How the command ended.
    pub end: End,
    /// Protected names that appeared and were moved away.
    pub quarantine: Quarantine,
    /// Sealed git settings that something inside tried to change.
    pub refused: Vec<PathBuf>,
    /// What the gate has seen, if there was one.
    pub traffic: Option<Traffic>,
    /// Something inside looked for a network, and there was none.
    pub missed_network: bool,
    /// How much is known of what was executed.
    pub executions: Executions,
    /// The paths that were refused, where somebody asked.
    pub refusals: Option<Refusals>,
    /// Wall-clock time from start to end, in milliseconds.
    pub duration_ms: u64,
    /// Time on processors, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// The most memory that was held when it was looked at, in bytes; nothing where the run was over before.
    pub peak_memory_bytes: Option<u64>,
}

impl End {
    /// The exit status to end with: the command's own, 128 + n for a signal, 126 or 127 when there was no command,
    /// 124 for a time-out, 125 when pinfold failed.
    pub fn code(&self) -> u8 {
        match self {
            Self::Exited(code) => u8::try_from(*code).unwrap_or(NOT_STARTED),
            Self::Killed(signal) => u8::try_from(128 + signal).unwrap_or(NOT_STARTED),
            Self::NotExecuted(errno) => {
                if *errno == rustix::io::Errno::NOENT.raw_os_error() {
                    127
                } else {
                    126
                }
            }
            Self::Limited(LimitReached::WallTime { .. }) => TIMED_OUT,
            Self::Limited(_) | Self::Unrecorded(_) => 128 + 9,
        }
    }
}

impl From<&End> for ExitCode {
    fn from(end: &End) -> Self {
        end.code().into()
    }
}
