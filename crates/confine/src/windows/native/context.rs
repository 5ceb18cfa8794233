//! Errors with the step that they happened in.

use std::error::Error;

use crate::windows::ConfineError;

/// Names the step that an error happened in.
pub(super) trait Context<T> {
    /// With the step only.
    fn step(self, step: &'static str) -> Result<T, ConfineError>;
    /// With the step and the path.
    fn step_at(self, step: &'static str, path: &str) -> Result<T, ConfineError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Context<T> for Result<T, E> {
    fn step(self, step: &'static str) -> Result<T, ConfineError> {
        self.map_err(|error| ConfineError::Step { step, path: None, source: error.into() })
    }

    fn step_at(self, step: &'static str, path: &str) -> Result<T, ConfineError> {
        self.map_err(|error| ConfineError::Step { step, path: Some(path.to_owned()), source: error.into() })
    }
}
