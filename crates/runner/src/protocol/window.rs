//! How much of a stream is on its way.

use super::Violation;
use crate::limits::{CHUNK_BYTES_MAX, WINDOW_BYTES};

/// Bytes that were sent and not yet told to be taken.
#[derive(Debug, Default)]
pub(super) struct Window {
    open: usize,
}

impl Window {
    /// How many more may be sent.
    pub(super) fn room(&self) -> usize {
        WINDOW_BYTES - self.open
    }

    /// So many more are sent in one message.
    pub(super) fn pass(&mut self, bytes: usize) -> Result<(), Violation> {
        match bytes {
            0 => Err(Violation("sends an empty chunk")),
            bytes if bytes > CHUNK_BYTES_MAX => Err(Violation("sends a chunk that is too large")),
            bytes if bytes > self.room() => Err(Violation("sends more than it may before that is taken")),
            bytes => {
                self.open += bytes;
                Ok(())
            }
        }
    }

    /// So many more are taken.
    pub(super) fn taken(&mut self, bytes: usize) -> Result<(), Violation> {
        match self.open.checked_sub(bytes) {
            Some(left) if bytes > 0 => {
                self.open = left;
                Ok(())
            }
            _ => Err(Violation("takes more than it got")),
        }
    }
}
