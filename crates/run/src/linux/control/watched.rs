//! A run, as its watcher sees it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_gate::link::{Answer, encode};
use rustix::net::{SendFlags, send};

use super::Place;
use crate::control::{Said, Told, VERSION, Wish, Word};
use crate::linux::packet::{self, Packet};

/// A connection to a run.
#[derive(Debug)]
pub struct Watched {
    connection: OwnedFd,
    introduced: bool,
}

impl Watched {
    pub(crate) fn connect(place: &Place) -> io::Result<Self> {
        Ok(Self { connection: place.connect()?, introduced: false })
    }

    /// The next message, if there is one by now.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end of the run, `PermissionDenied` when it talks to nobody here, `InvalidData` when it
    /// speaks another version of this language.
    pub fn hear(&mut self) -> io::Result<Option<Told>> {
        let told = match packet::next(self.as_fd())? {
            Packet::Nothing => return Ok(None),
            Packet::End if self.introduced => return Err(io::ErrorKind::UnexpectedEof.into()),
            Packet::End => return Err(io::ErrorKind::PermissionDenied.into()),
            Packet::Message(told) => Some(told),
            Packet::Nonsense => None,
        };
        let told = told.filter(|told| self.introduced || matches!(told, Told::Session { version: VERSION, .. }));
        self.introduced = true;
        told.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Answers a question. When it is over by now, nothing changes.
    ///
    /// # Errors
    /// When the run has ended or does not listen.
    pub fn answer(&self, question: u64, answer: Answer) -> io::Result<()> {
        self.say(Word::Answer { question, answer })
    }

    /// Wishes something; `id` comes back with what has come of it.
    ///
    /// # Errors
    /// When the run has ended or does not listen, or the wish is too long.
    pub fn wish(&self, id: u64, wish: Wish) -> io::Result<()> {
        self.say(Word::Wish { id, wish })
    }

    fn say(&self, word: Word) -> io::Result<()> {
        let bytes = encode(&Said { version: VERSION, word }).map_err(io::Error::other)?;
        send(&self.connection, &bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map_err(io::Error::from).map(drop)
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}
