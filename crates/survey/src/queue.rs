//! What idle threads take from busy ones, and when all are done.

use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Work that threads share: a stack for those who have none, and a count of those who still work.
pub(crate) struct Queue<T> {
    inside: Mutex<Inside<T>>,
    wake: Condvar,
    hungry: AtomicUsize,
    stopped: AtomicBool,
}

struct Inside<T> {
    work: Vec<T>,
    busy: usize,
}

impl<T> Queue<T> {
    /// An empty queue with one busy thread.
    pub(crate) fn new() -> Self {
        Self {
            inside: Mutex::new(Inside { work: Vec::new(), busy: 1 }),
            wake: Condvar::new(),
            hungry: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Counts one more busy thread; to be called before it is started.
    pub(crate) fn join(&self) {
        self.lock().busy += 1;
    }

    /// Counts one busy thread less; the last one ends it for all.
    pub(crate) fn leave(&self) {
        let mut inside = self.lock();
        inside.busy -= 1;
        if inside.busy == 0 && inside.work.is_empty() {
            drop(inside);
            self.stop();
        }
    }

    /// Whether a thread waits for work that nobody has given yet.
    #[inline]
    pub(crate) fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn give(&self, work: T) {
        self.lock().work.push(work);
        self.wake.notify_one();
    }

    /// Work for a busy thread that has none left, or `None` when there will be no more: the thread does not count as
    /// busy from then on and must not ask again.
    pub(crate) fn take(&self) -> Option<T> {
        let mut inside = self.lock();
        inside.busy -= 1;
        self.hungry.fetch_add(1, Ordering::Relaxed);
        loop {
            if self.is_stopped() {
                break;
            }
            if let Some(work) = inside.work.pop() {
                inside.busy += 1;
                self.hungry.fetch_sub(1, Ordering::Relaxed);
                return Some(work);
            }
            if inside.busy == 0 {
                break;
            }
            inside = self.wake.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        drop(inside);
        self.stop();
        None
    }

    /// Ends it for all: `take` has nothing any more.
    pub(crate) fn stop(&self) {
        // Under the lock, or a thread between its look and its sleep would miss it.
        let guard = self.lock();
        self.stopped.store(true, Ordering::Relaxed);
        drop(guard);
        self.wake.notify_all();
    }

    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stops the queue if its thread panics, so that the others do not wait for it forever.
pub(crate) struct StopOnPanic<'a, T>(pub(crate) &'a Queue<T>);

impl<T> Drop for StopOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_work_is_done_once_and_every_thread_comes_home() {
        let queue = Queue::new();
        let done = AtomicUsize::new(0);
        let work = |first: Option<u32>| {
            let mut next = first.or_else(|| queue.take());
            while let Some(level) = next {
                done.fetch_add(1, Ordering::Relaxed);
                for _ in 0..if level > 0 { 4 } else { 0 } {
                    queue.give(level - 1);
                }
                next = queue.take();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                queue.join();
                scope.spawn(|| work(None));
            }
            work(Some(5));
        });
        assert_eq!(done.into_inner(), (4usize.pow(6) - 1) / 3);
    }
}
