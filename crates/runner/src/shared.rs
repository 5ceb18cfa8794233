//! What the threads of one side share: one state, and a signal whenever it has changed.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A state that threads change and wait for.
#[derive(Debug)]
pub(crate) struct Shared<S>(Arc<(Mutex<S>, Condvar)>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Shared<S> {
    pub(crate) fn new(state: S) -> Self {
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    /// Changes it, and wakes whoever waits.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> T {
        let result = change(&mut self.lock());
        self.0.1.notify_all();
        result
    }

    /// Waits until it has what is asked for.
    pub(crate) fn wait<T>(&self, mut find: impl FnMut(&mut S) -> Option<T>) -> T {
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                // What was found may have been taken out.
                self.0.1.notify_all();
                return found;
            }
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Likewise, but gives up after some time.
    pub(crate) fn wait_for<T>(&self, time: Duration, mut find: impl FnMut(&mut S) -> Option<T>) -> Option<T> {
        let end = Instant::now() + time;
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                self.0.1.notify_all();
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
