//! Why there is no runner.

use std::io;

use crate::account::hint;

/// Why a runner could not be started, or is none that can be talked to.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The system did not say who we are, or gave no random numbers.
    #[error("prepare the runner")]
    Prepare(#[source] io::Error),
    /// The pipes.
    #[error("make the pipes to the runner")]
    Pipes(#[source] io::Error),
    /// The program's path cannot stand on a command line, or is too long for one.
    #[error("start the runner: its path cannot be told to the system")]
    Path,
    /// The system did not start it.
    #[error("start the runner under the account `{account}`")]
    Start {
        /// The account.
        account: String,
        /// Why.
        source: io::Error,
    },
    /// It could not be put into a job, and was ended before it ran.
    #[error("hold the runner in a job")]
    Job(#[source] io::Error),
    /// It could not be let run.
    #[error("let the runner run")]
    Resume(#[source] io::Error),
    /// The pipes failed while they were waited at.
    #[error("wait for the runner at its pipes")]
    Connect(#[source] io::Error),
    /// It ended first.
    #[error("wait for the runner at its pipes: it ended with code {code:#x}")]
    Ended {
        /// Its exit code.
        code: u32,
    },
    /// It did not come.
    #[error("wait for the runner at its pipes: it did not come in time")]
    TimedOut,
    /// Another process was there first: one of another run, that has broken out of it.
    #[error("wait for the runner at its pipes: process {pid} came in its place")]
    Stranger {
        /// The process.
        pid: u32,
    },
}

impl LaunchError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Start { source, .. } => hint(u32::try_from(source.raw_os_error()?).ok()?),
            // Of a DLL that did not find a desktop, most often (STATUS_DLL_INIT_FAILED).
            Self::Ended { code: 0xc000_0142 } => {
                Some("the account has no desktop here: start pinfold from a session with one")
            }
            Self::Stranger { .. } => Some("another run's command tried to take this one's place: end it"),
            _ => None,
        }
    }
}
