//! Bytes of a stream that wait for a thread to pass them on.

/// What waits, in order. How much that can be is the window's to say.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    waiting: Vec<u8>,
    ended: bool,
}

impl Spool {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.waiting.extend_from_slice(bytes);
        }
    }

    /// Nothing more comes.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes out at most so many bytes; nothing when there are none.
    pub(crate) fn take(&mut self, most: usize) -> Option<Vec<u8>> {
        if self.waiting.is_empty() {
            return None;
        }
        let rest = self.waiting.split_off(most.min(self.waiting.len()));
        Some(std::mem::replace(&mut self.waiting, rest))
    }

    /// Whether nothing waits and nothing comes.
    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.waiting.is_empty()
    }
}

/// What was taken and is not told yet.
#[derive(Debug, Default)]
pub(crate) struct Tally(usize);

impl Tally {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.0 += bytes;
    }

    /// How much to tell, when that has become enough.
    pub(crate) fn due(&mut self) -> Option<u32> {
        if self.0 < crate::limits::TAKEN_BYTES_MIN {
            return None;
        }
        // Never more than a window.
        u32::try_from(std::mem::take(&mut self.0)).ok()
    }
}
