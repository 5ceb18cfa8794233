//! What the caller wants of a run, until it has been said. A wish replaces the one before it.

use serde_json::Value;

use crate::message::{Order, TerminalSize};
use crate::protocol::FromRunner;

/// What is to be said.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) terminate: bool,
    pub(super) resize: Option<TerminalSize>,
    pub(super) measure: bool,
}

impl Wishes {
    pub(super) fn next(&mut self, talk: &mut FromRunner) -> Option<Order<Value>> {
        if std::mem::take(&mut self.terminate) {
            return Some(Order::Terminate);
        }
        if let Some(size) = self.resize.take() {
            return Some(Order::Resize(size));
        }
        // One question at a time.
        if self.measure && !talk.is_measuring() {
            self.measure = false;
            talk.measure_sent();
            return Some(Order::Measure);
        }
        None
    }
}
