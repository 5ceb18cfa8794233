//! Between those who append and the thread that writes: events that wait, and how far it has come.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event::End;
use crate::limits::QUEUE_BYTES_MAX;
use crate::{LedgerError, Timestamp};

/// What waits, behind a lock that is held for moments only.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Something is done.
    done: Condvar,
}

#[derive(Default)]
struct State {
    /// For each event its moment, its members and a newline.
    waiting: Vec<u8>,
    /// Events ever queued, and how many of them are on the disk.
    queued: u64,
    committed: u64,
    /// Somebody waits until so many are on the disk.
    wanted: u64,
    /// Events that found no room, and how many of them the log was told of.
    dropped: u64,
    told: u64,
    ending: Option<Ending>,
    failure: Option<Arc<LedgerError>>,
    /// The thread has done all it was to do.
    finished: bool,
}

/// How the thread is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The session is over.
    Closed(End),
    /// The writer goes without having ended the session.
    Left,
}

/// What the thread is to do next.
pub(super) struct Work {
    /// For each event its moment, its members and a newline.
    pub(super) events: Vec<u8>,
    /// How many were queued with these.
    pub(super) queued: u64,
    /// How many were dropped before them that the log does not know of yet.
    pub(super) dropped: u64,
    /// Does somebody wait for the disk?
    pub(super) wanted: bool,
    pub(super) ending: Option<Ending>,
}

impl Queue {
    /// Queues an event, of which these are the members. Without room it is dropped, and counted.
    pub(super) fn push(&self, members: &[u8]) -> Result<(), LedgerError> {
        let mut state = self.usable()?;
        if state.waiting.len() + members.len() > QUEUE_BYTES_MAX {
            state.dropped += 1;
            return Ok(());
        }
        let idle = state.waiting.is_empty();
        // The moment is taken where the order is made.
        state.waiting.extend_from_slice(Timestamp::now().to_string().as_bytes());
        state.waiting.extend_from_slice(members);
        state.waiting.push(b'\n');
        state.queued += 1;
        if idle {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Asks the thread to write what there is and this end, and to end itself.
    pub(super) fn close(&self, end: End) {
        self.lock().ending = Some(Ending::Closed(end));
        self.work.notify_one();
    }

    /// Asks the thread to write what there is and to end.
    pub(super) fn leave(&self) {
        self.lock().ending.get_or_insert(Ending::Left);
        self.work.notify_one();
    }

    /// Waits until all that was queued is on the disk.
    pub(super) fn commit(&self) -> Result<(), LedgerError> {
        let mut state = self.lock();
        let wanted = state.queued;
        state.wanted = state.wanted.max(wanted);
        self.work.notify_one();
        while state.committed < wanted && state.failure.is_none() {
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.failed()
    }

    /// How many events were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Takes what waits. Waits for it as long as `patience`, or for ever.
    pub(super) fn take(&self, patience: Option<Duration>) -> Work {
        let idle =
            |state: &mut State| state.waiting.is_empty() && state.wanted <= state.committed && state.ending.is_none();
        let state = self.lock();
        let mut state = match patience {
            Some(patience) => {
                let waited = self.work.wait_timeout_while(state, patience, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.work.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner),
        };
        let dropped = state.dropped - state.told;
        state.told = state.dropped;
        Work {
            events: std::mem::take(&mut state.waiting),
            queued: state.queued,
            dropped,
            wanted: state.wanted > state.committed,
            ending: state.ending.clone(),
        }
    }

    /// Tells that so many events are on the disk.
    pub(super) fn committed(&self, queued: u64) {
        self.lock().committed = queued;
        self.done.notify_all();
    }

    /// Counts an event that found no room in the log.
    pub(super) fn count_dropped(&self) {
        let mut state = self.lock();
        state.dropped += 1;
        state.told += 1;
    }

    /// Tells that all is done, or failed: nothing is taken from now on.
    pub(super) fn finish(&self, done: Result<(), LedgerError>) {
        let mut state = self.lock();
        state.failure = done.err().map(Arc::new);
        state.finished = true;
        self.done.notify_all();
    }

    /// Tells that the thread is no more, so that nobody waits for it for ever.
    pub(super) fn gone(&self) {
        if !self.lock().finished {
            self.finish(Err(LedgerError::Stopped));
        }
    }

    /// Whether writing failed.
    pub(super) fn failed(&self) -> Result<(), LedgerError> {
        self.lock().failed()
    }

    fn usable(&self) -> Result<MutexGuard<'_, State>, LedgerError> {
        let state = self.lock();
        state.failed()?;
        Ok(state)
    }

    /// A thread that panicked left counts that are each right by themselves.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failed(&self) -> Result<(), LedgerError> {
        self.failure.as_ref().map_or(Ok(()), |error| Err(LedgerError::Writer(Arc::clone(error))))
    }
}
