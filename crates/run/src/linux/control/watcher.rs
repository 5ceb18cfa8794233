//! Somebody who watches a run, as the run sees him.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_gate::link::encode;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use crate::control::{Said, Told, VERSION, WAITING_MAX};
use crate::linux::packet::{self, Packet};

/// A connection to a watcher.
#[derive(Debug)]
pub(super) struct Watcher {
    connection: OwnedFd,
    /// By which he is known as long as the run lives.
    number: u64,
    /// What he has not taken yet.
    waiting: VecDeque<Vec<u8>>,
    gone: bool,
}

impl Watcher {
    pub(super) fn new(connection: OwnedFd, number: u64) -> Self {
        Self { connection, number, waiting: VecDeque::new(), gone: false }
    }

    pub(super) fn connection(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether something waits until he reads.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether he has closed the connection, talks nonsense, or does not read at all.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Tells him something, now or as soon as he reads.
    pub(super) fn tell(&mut self, told: &Told) {
        // What is larger than a packet could be told by nobody.
        let Ok(bytes) = encode(told) else { return };
        self.waiting.push_back(bytes);
        self.go_on();
        self.gone |= self.waiting.len() > WAITING_MAX;
    }

    /// Sends what waits, as far as he reads.
    pub(super) fn go_on(&mut self) {
        while let Some(bytes) = self.waiting.front() {
            match send(&self.connection, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(_) => drop(self.waiting.pop_front()),
                Err(Errno::AGAIN | Errno::INTR) => return,
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
    }

    /// The next thing that he has said.
    pub(super) fn hear(&mut self) -> Option<Said> {
        let said = match packet::next::<Said>(self.connection()) {
            Ok(Packet::Nothing) => return None,
            Ok(Packet::Message(said)) => Some(said),
            Ok(Packet::End | Packet::Nonsense) | Err(_) => None,
        };
        let said = said.filter(|said| said.version == VERSION);
        self.gone |= said.is_none();
        said
    }
}
