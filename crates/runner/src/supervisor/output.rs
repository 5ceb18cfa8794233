//! An output on its way from the runner to whoever reads it.

use crate::spool::{Spool, Tally};

/// One output.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// What is to be written.
    pub(super) spool: Spool,
    /// What has been, or never will.
    pub(super) taken: Tally,
    /// Nobody reads it.
    deaf: bool,
    /// That is to be told.
    pub(super) close_due: bool,
    /// Nothing will be written any more.
    pub(super) done: bool,
}

impl Output {
    /// Takes what came; gives how much of it will never be written.
    pub(super) fn accept(&mut self, bytes: &[u8]) -> usize {
        if self.deaf {
            return bytes.len();
        }
        self.spool.push(bytes);
        0
    }

    /// Nobody reads: what waits is gone. Gives how much that is.
    pub(super) fn fail(&mut self) -> usize {
        (self.deaf, self.close_due) = (true, true);
        self.spool.take(usize::MAX).map_or(0, |bytes| bytes.len())
    }

    /// What to write next; `None` inside when that was all.
    pub(super) fn next(&mut self) -> Option<Option<Vec<u8>>> {
        match self.spool.take(usize::MAX) {
            Some(bytes) => Some(Some(bytes)),
            None if self.spool.is_over() || self.deaf => Some(None),
            None => None,
        }
    }
}
