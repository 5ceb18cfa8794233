//! What can go wrong before the command runs.

use std::error::Error;

use pinfold_plan::windows::{CommandLineError, EnvironmentError};
use thiserror::Error;

use super::durable::StateError;
use super::identifiers::IdentifiersError;
use super::journal::{ApplyError, JournalError};
use super::self_check::Breach;

/// Why a command has not been started.
#[derive(Debug, Error)]
pub enum ConfineError {
    /// A step failed.
    #[error("failed to {step}{}", path.as_ref().map(|path| format!(" {path}")).unwrap_or_default())]
    Step {
        /// What was being done, fit for "failed to …".
        step: &'static str,
        /// The path it was done to.
        path: Option<String>,
        /// What the system said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Everything was done, and still something does not hold.
    #[error("what was asked of Windows does not hold: {}", list(.0))]
    NotKept(Vec<Breach>),
    /// The program is nowhere on the path.
    #[error("failed to find the program `{program}`")]
    NotFound {
        /// What it is called.
        program: String,
    },
    /// A console was to be handed in. What is inside could type into it, and the caller's shell would read that.
    #[error("standard descriptor {number} is a console; the command needs a terminal of its own")]
    Console {
        /// 0 to 2.
        number: usize,
    },
    /// The arguments cannot be passed on.
    #[error(transparent)]
    CommandLine(#[from] CommandLineError),
    /// The variables cannot be passed on.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The identifiers of writable roots could not be had.
    #[error(transparent)]
    Identifiers(#[from] IdentifiersError),
    /// Access lists are not as they need to be.
    #[error(transparent)]
    Lists(#[from] ApplyError),
    /// The journal could not be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The state directory could not be used.
    #[error(transparent)]
    State(#[from] StateError),
}

fn list(breaches: &[Breach]) -> String {
    breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
