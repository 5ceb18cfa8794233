//! Orders for a session that goes on, from any thread.

use super::state::Supervision;
use crate::error::SessionError;
use crate::message::TerminalSize;
use crate::shared::Shared;

/// Gives orders. What the runner has not been told yet is replaced by what comes after it, so nothing queues up.
#[derive(Debug, Clone)]
pub struct Remote(pub(super) Shared<Supervision>);

impl Remote {
    /// The terminal has another size. Without a terminal nothing happens.
    pub fn resize(&self, size: TerminalSize) {
        self.0.change(|state| state.resize(size));
    }

    /// Asks the runner to end the command and all that it started. Whether it does is for the caller to see to: it can
    /// end the runner.
    pub fn terminate(&self) {
        self.0.change(Supervision::terminate);
    }

    /// Asks the runner what the run uses; the answer is a [`Notice`](super::Notice).
    pub fn measure(&self) {
        self.0.change(Supervision::measure);
    }

    /// The session ends now, with an error.
    pub fn abandon(&self) {
        self.0.change(|state| {
            state.fail(SessionError::Abandoned);
            state.abandoned = true;
        });
    }
}
