//! What can go wrong before the command runs.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A step that failed. The command has not been started.
#[derive(Debug, Error)]
#[error("failed to {step}{}: {source}", path.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default())]
pub struct ConfineError {
    /// What was being done, fit for "failed to …".
    pub step: String,
    /// The path it was done to.
    pub path: Option<PathBuf>,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

/// Names the step that an error happened in.
pub(super) trait Context<T> {
    /// With the step only.
    fn step(self, step: &str) -> Result<T, ConfineError>;
    /// With the step and the path.
    fn step_at(self, step: &str, path: &std::path::Path) -> Result<T, ConfineError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn step(self, step: &str) -> Result<T, ConfineError> {
        self.map_err(|error| ConfineError { step: step.to_owned(), path: None, source: error.into() })
    }

    fn step_at(self, step: &str, path: &std::path::Path) -> Result<T, ConfineError> {
        self.map_err(|error| ConfineError { step: step.to_owned(), path: Some(path.to_owned()), source: error.into() })
    }
}
