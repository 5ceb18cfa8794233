//! Something that is said once, to all who wait for it.

use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::sys::event;

/// A signal that was given or was not, the same for all who share it.
#[derive(Debug, Clone)]
pub struct Signal(Arc<(OwnedHandle, AtomicBool)>);

impl Signal {
    /// One that was not given yet.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new((event::new()?, AtomicBool::new(false)))))
    }

    /// Gives it, for ever.
    pub fn give(&self) {
        self.0.1.store(true, Relaxed);
        // An event that is there can be set.
        let _ = event::set(self.handle());
    }

    /// Whether it was given.
    pub fn is_given(&self) -> bool {
        self.0.1.load(Relaxed)
    }

    pub(super) fn handle(&self) -> BorrowedHandle<'_> {
        self.0.0.as_handle()
    }
}
