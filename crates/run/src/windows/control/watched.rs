//! A run, as its watcher sees it: a thread that hears it.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use pinfold_gate::link::frames::{receive, send};
use pinfold_gate::link::{Answer, LinkError};
use pinfold_runner::windows::{EndUntil, Signal, enter};

use super::{Bell, pipe};
use crate::control::{Said, Told, VERSION, Wish, Word};

/// Messages that were heard and not yet taken. When there are more, the run waits.
const HEARD_MAX: usize = 256;

/// A connection to a run.
pub struct Watched {
    heard: Receiver<io::Result<Told>>,
    saying: Mutex<EndUntil>,
    over: Signal,
    introduced: bool,
}

impl Watched {
    /// Connects to a session. `bell` rings when there is something to hear.
    ///
    /// # Errors
    /// When there is no such session, or one that others than the user could have made.
    pub fn connect(id: &str, bell: &Bell) -> io::Result<Self> {
        let (end, over) = (enter(&pipe(id))?, Signal::new()?);
        let (hearing, saying) = (end.try_clone()?.until(over.clone()), end.until(over.clone()));
        let (put, heard) = sync_channel(HEARD_MAX);
        let bell = bell.clone();
        Builder::new().name("hear".into()).spawn(move || listen(hearing, &put, &bell))?;
        Ok(Self { heard, saying: Mutex::new(saying), over, introduced: false })
    }

    /// The next message, if there is one by now.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end of the run, `PermissionDenied` when it talks to nobody here, `InvalidData` when it
    /// speaks another version of this language.
    pub fn hear(&mut self) -> io::Result<Option<Told>> {
        let told = match self.heard.try_recv() {
            Err(TryRecvError::Empty) => return Ok(None),
            Ok(Ok(told)) => told,
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => return Err(error),
            Ok(Err(_)) | Err(TryRecvError::Disconnected) if self.introduced => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(Err(_)) | Err(TryRecvError::Disconnected) => return Err(io::ErrorKind::PermissionDenied.into()),
        };
        if !self.introduced && !matches!(told, Told::Session { version: VERSION, .. }) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.introduced = true;
        Ok(Some(told))
    }

    /// Answers a question. When it is over by now, nothing changes.
    ///
    /// # Errors
    /// When the run has ended or does not listen.
    pub fn answer(&self, question: u64, answer: Answer) -> io::Result<()> {
        self.say(Word::Answer { question, answer })
    }

    /// Wishes something, in vain: no run can be given more here.
    ///
    /// # Errors
    /// When the run has ended or does not listen.
    pub fn wish(&self, id: u64, wish: Wish) -> io::Result<()> {
        self.say(Word::Wish { id, wish })
    }

    fn say(&self, word: Word) -> io::Result<()> {
        let mut saying = self.saying.lock().unwrap_or_else(PoisonError::into_inner);
        send(&mut *saying, &Said { version: VERSION, word }).map_err(io::Error::other)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.over.give();
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

/// Until the run has ended, or says what no run says.
fn listen(mut hearing: EndUntil, put: &SyncSender<io::Result<Told>>, bell: &Bell) {
    loop {
        let told = match receive(&mut hearing) {
            Ok(Some(told)) => Ok(told),
            Ok(None) | Err(LinkError::Receive(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(_) => Err(io::ErrorKind::InvalidData.into()),
        };
        let last = told.is_err();
        let gone = put.send(told).is_err();
        bell.ring();
        if gone || last {
            return;
        }
    }
}
