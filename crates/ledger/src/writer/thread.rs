//! The thread that numbers, signs and writes, in groups: one signature and one wait for the disk for many events.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::body::body;
use super::queue::{Ending, Queue, Work};
use super::segments::Segments;
use crate::appender::Appender;
use crate::error::at;
use crate::event::End;
use crate::head::{Head, Root};
use crate::key::PrivateKey;
use crate::limits::{Durability, END_BYTES, GROUP_TIME, Limits, WRITE_BYTES};
use crate::places::{Places, sync_directory};
use crate::timestamp::LETTERS;
use crate::{Event, LedgerError, Timestamp, heads};

/// What the thread works with.
pub(super) struct Recorder {
    pub(super) id: String,
    pub(super) places: Places,
    pub(super) key: Arc<PrivateKey>,
    pub(super) limits: Limits,
    pub(super) durability: Durability,
    pub(super) log: Appender,
    pub(super) segments: Segments,
    pub(super) queue: Arc<Queue>,
    /// Has it been told that there is no more room?
    pub(super) full: bool,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue.gone();
    }
}

impl Recorder {
    /// Works until the writer ends or fails.
    pub(super) fn run(mut self) {
        let done = self.record();
        self.queue.finish(done);
    }

    fn record(&mut self) -> Result<(), LedgerError> {
        self.introduce()?;
        // When the oldest line that is not yet signed is to be signed, and when the last time was.
        let (mut due, mut last): (Option<Instant>, Option<Instant>) = (None, None);
        loop {
            let work = self.queue.take(due.map(|due| due.saturating_duration_since(Instant::now())));
            self.write(&work)?;
            if due.is_none() && !work.events.is_empty() {
                // The first after a pause need not wait for others.
                due = Some(last.map_or_else(Instant::now, |last| last + GROUP_TIME));
            }
            if let Some(Ending::Closed(end)) = &work.ending {
                self.event(&Event::End(End { dropped: end.dropped + self.queue.dropped(), ..end.clone() }))?;
            }
            if work.wanted || work.ending.is_some() || due.is_some_and(|due| due <= Instant::now()) {
                self.sign()?;
                self.queue.committed(work.queued);
                (due, last) = (None, Some(Instant::now()));
            }
            match work.ending {
                Some(Ending::Closed(_)) => return self.close(),
                Some(Ending::Left) => return Ok(()),
                None => {}
            }
        }
    }

    /// Makes the session known. Its directory is on the disk before, and its first line after: so a directory with
    /// lines that nobody knows, and a known session without a directory, are both the work of somebody else.
    fn introduce(&self) -> Result<(), LedgerError> {
        if self.durability == Durability::Power {
            sync_directory(&self.places.session(&self.id))?;
            sync_directory(&self.places.sessions())?;
            sync_directory(&self.places.running())?;
        }
        self.tell(Head::Begun { session: self.id.clone(), found: false })
    }

    /// Hands the events to the system: from there on they survive this process.
    fn write(&mut self, work: &Work) -> Result<(), LedgerError> {
        if work.dropped > 0 {
            let text = format!("{} events before this are not here: they came faster than the disk", work.dropped);
            self.event(&Event::Note { text })?;
        }
        for event in work.events.split_inclusive(|byte| *byte == b'\n') {
            let Some((time, members)) = event.strip_suffix(b"\n").and_then(|event| event.split_at_checked(LETTERS))
            else {
                continue;
            };
            let (segment, all) = self.segments.bytes();
            if all + self.log.out.len() as u64 + END_BYTES > self.limits.session_bytes {
                self.queue.count_dropped();
                if !std::mem::replace(&mut self.full, true) {
                    self.event(&Event::Note {
                        text: "the log is full: what follows is not here, but for the end".into(),
                    })?;
                }
                continue;
            }
            self.log.line(time, members);
            if segment + self.log.out.len() as u64 > self.limits.segment_bytes {
                self.log.checkpoint(false);
                self.flush()?;
                self.segments.rotate()?;
            } else if self.log.out.len() > WRITE_BYTES {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// Adds an event of the thread's own.
    fn event(&mut self, event: &Event) -> Result<(), LedgerError> {
        let members = at(body(event).map_err(Into::into), "write an event of", Path::new(&self.id))?;
        self.log.line(Timestamp::now().to_string().as_bytes(), &members);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LedgerError> {
        self.segments.write(&self.log.out)?;
        self.log.out.clear();
        Ok(())
    }

    /// Signs all lines, and waits for the disk if they are to survive a power cut.
    fn sign(&mut self) -> Result<(), LedgerError> {
        self.log.checkpoint(false);
        self.flush()?;
        if self.durability == Durability::Power { self.segments.sync() } else { Ok(()) }
    }

    /// Adds to the log of sessions.
    fn tell(&self, head: Head) -> Result<(), LedgerError> {
        heads::append(&self.places, &self.key, self.durability, &[head]).map(drop)
    }

    /// Writes into the log of sessions how this one ended.
    fn close(&self) -> Result<(), LedgerError> {
        let (size, root) = (self.log.tree().size(), Root(self.log.tree().root()));
        let session = self.id.clone();
        self.tell(Head::Ended { session, size, root })?;
        // Whether this lasts is of no matter: whoever finds it finds the session closed.
        let _ = std::fs::remove_file(self.places.running().join(&self.id));
        Ok(())
    }
}
