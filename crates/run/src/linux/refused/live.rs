//! Refusals as they come: from the thread that finds them to the one that tells whoever watches.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use super::Refused;

/// Refusals that wait to be told; more are told at the end only.
const WAITING_MAX: usize = 64;
/// Refusals that are told in a second; likewise.
const A_SECOND_MAX: u32 = 32;

/// The end that tells.
#[derive(Debug)]
pub(crate) struct Teller {
    refused: SyncSender<Refused>,
    bell: Arc<OwnedFd>,
    /// The second that goes on, and how much was told in it.
    second: (Instant, u32),
}

/// The end that hears.
#[derive(Debug)]
pub(crate) struct Heard {
    refused: Receiver<Refused>,
    bell: Arc<OwnedFd>,
}

/// Both ends.
pub(crate) fn channel() -> io::Result<(Teller, Heard)> {
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let (tell, refused) = sync_channel(WAITING_MAX);
    let second = (Instant::now(), 0);
    Ok((Teller { refused: tell, bell: Arc::clone(&bell), second }, Heard { refused, bell }))
}

impl Teller {
    /// Tells of one, and does not wait for whoever hears it.
    pub(super) fn tell(&mut self, refused: &Refused) {
        if self.second.0.elapsed() >= Duration::from_secs(1) {
            self.second = (Instant::now(), 0);
        }
        self.second.1 += 1;
        if self.second.1 > A_SECOND_MAX {
            return;
        }
        if self.refused.try_send(refused.clone()).is_ok() {
            let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }
}

impl Heard {
    /// Readable when there is something to hear.
    pub(crate) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// What has come.
    pub(crate) fn take(&self) -> impl Iterator<Item = Refused> + '_ {
        // First of all: what comes from now on rings again.
        let _ = rustix::io::read(&self.bell, &mut [0_u8; 8]);
        self.refused.try_iter()
    }
}
