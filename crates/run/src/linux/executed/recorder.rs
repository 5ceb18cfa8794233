//! The thread that makes digests and tells of programs. Nobody inside waits for it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;

use super::digests::{Digest, Digests};
use super::observer::Counts;
use super::program::Version;
use super::{Executed, Recording};

/// How many programs may wait while a digest is made.
const MAX_WAITING_FOR_DIGESTS: u64 = 64;

/// A program to tell of.
pub(super) struct Told {
    pub(super) executed: Executed,
    /// Which file it was.
    pub(super) version: Option<Version>,
    /// The file, unless it came along with an earlier one.
    pub(super) file: Option<OwnedFd>,
}

/// What the thread works with.
pub(super) struct Recorder {
    recording: Recording,
    counts: Arc<Counts>,
    digests: Digests,
}

impl Recorder {
    pub(super) fn new(recording: Recording, counts: Arc<Counts>) -> Self {
        Self { digests: Digests::new(recording.digests.clone()), recording, counts }
    }

    /// Tells of each until no more can come.
    pub(super) fn live(mut self, told: &Receiver<Vec<Told>>) {
        for Told { executed, version, file } in told.iter().flatten() {
            let digest = version.and_then(|version| self.digest(version, file));
            (self.recording.tell)(Executed { digest, ..executed });
            self.counts.waiting.fetch_sub(1, Relaxed);
            self.counts.told.fetch_add(1, Relaxed);
        }
    }

    fn digest(&mut self, version: Version, file: Option<OwnedFd>) -> Option<Digest> {
        self.counts.open_files.fetch_sub(u64::from(file.is_some()), Relaxed);
        // To tell of the others is more than to know what this one holds.
        let waiting = self.counts.waiting.load(Relaxed);
        let in_time = waiting <= MAX_WAITING_FOR_DIGESTS && !self.counts.hurry.load(Relaxed);
        if file.is_some() && !in_time {
            self.counts.skipped.store(true, Relaxed);
        }
        self.digests.of(version, file.filter(|_| in_time))
    }
}
