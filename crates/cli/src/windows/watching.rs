//! Where live runs are found, and the console of whoever watches them.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};

use pinfold_confine::windows::OwnConsole;
use pinfold_run::control::{Bell, Watched};

use super::store::sessions;
use crate::error::CliError;
use crate::keys::{Key, Keys};
use crate::watch::LOOK_INTERVAL;

/// Live runs.
pub(crate) struct Runs {
    /// Where they are remembered.
    directory: PathBuf,
    /// Rings when one of those that are watched has said something, or a key was pressed.
    bell: Bell,
}

impl Runs {
    /// Those of a state directory.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it is opened")]
    pub(crate) fn of(state: &Path) -> Result<Self, CliError> {
        Ok(Self { directory: sessions(state), bell: Bell::default() })
    }

    /// Their names. Some may have ended.
    pub(crate) fn live(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
        let mut names: Vec<String> = entries.filter_map(|entry| name(entry.path())).collect();
        names.sort();
        names
    }

    /// Connects to one.
    pub(crate) fn watch(&self, id: &str) -> io::Result<Watched> {
        Watched::connect(id, &self.bell)
    }

    /// Waits for news of runs, or for keys; no longer than until it is time to look for new ones. False when whoever sits
    /// there is gone.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub(crate) fn wait<'a>(
        &self,
        _watched: impl Iterator<Item = &'a Watched>,
        seat: Option<&mut Seat>,
    ) -> io::Result<bool> {
        self.bell.wait(LOOK_INTERVAL);
        Ok(seat.is_none_or(|seat| seat.is_taken()))
    }
}

/// The console while it is taken. It is here and not in [`Seat`], so that a program that panics can give it back.
static CONSOLE: Mutex<Option<OwnConsole>> = Mutex::new(None);

/// The console, of which every key is told, as long as this lives.
pub(crate) struct Seat {
    typed: Receiver<Key>,
    /// Nobody types any more.
    end: Receiver<()>,
}

impl Seat {
    /// Takes it. Nothing where what looks like a terminal is none of Windows.
    pub(crate) fn take(runs: &Runs) -> io::Result<Option<Self>> {
        let Some(console) = OwnConsole::take()? else { return Ok(None) };
        let keyboard = console.keys()?;
        *CONSOLE.lock().unwrap_or_else(PoisonError::into_inner) = Some(console);
        let ((put, typed), (open, end)) = (channel(), channel());
        let bell = runs.bell.clone();
        let seat = Self { typed, end };
        std::thread::Builder::new().name("keys".into()).spawn(move || {
            read_keys(keyboard, &put, &bell);
            drop(open);
            bell.ring();
        })?;
        Ok(Some(seat))
    }

    /// How large it is, columns by rows.
    #[expect(clippy::unused_self, reason = "it is there as long as this is")]
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let console = CONSOLE.lock().unwrap_or_else(PoisonError::into_inner);
        console.as_ref().ok_or(io::ErrorKind::NotFound)?.size()
    }

    /// What was typed, if anything was.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
    pub(crate) fn typed(&self) -> io::Result<Option<Key>> {
        Ok(self.typed.try_recv().ok())
    }

    fn is_taken(&self) -> bool {
        self.end.try_recv() == Err(TryRecvError::Empty)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        give_terminal_back();
    }
}

/// Gives it back, if it was taken.
pub(crate) fn give_terminal_back() {
    drop(CONSOLE.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Until nobody types any more, or nobody wants to know.
fn read_keys(mut keyboard: impl Read, put: &Sender<Key>, bell: &Bell) {
    let (mut keys, mut bytes) = (Keys::default(), [0; 64]);
    while let Ok(length @ 1..) = keyboard.read(&mut bytes) {
        keys.add(&bytes[..length]);
        while let Some(key) = keys.next() {
            if put.send(key).is_err() {
                return;
            }
        }
        bell.ring();
    }
}
