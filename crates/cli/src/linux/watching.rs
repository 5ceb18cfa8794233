//! Where live runs are found, and the terminal of whoever watches them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use pinfold_confine::linux::SignalQueue;
use pinfold_run::Store;
use pinfold_run::control::Watched;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::stdio::stdin;

use crate::error::CliError;
use crate::watch::{Key, LOOK_INTERVAL, Typed};

/// Live runs.
pub(crate) struct Runs(Store);

impl Runs {
    /// Those of a state directory.
    pub(crate) fn of(state: &Path) -> Result<Self, CliError> {
        Store::open(state.to_owned()).map(Self).map_err(|error| CliError::from_error(&error))
    }

    /// Their names. Some may have ended.
    pub(crate) fn live(&self) -> Vec<String> {
        self.0.watchable()
    }

    /// Connects to one.
    pub(crate) fn watch(&self, id: &str) -> io::Result<Watched> {
        self.0.watch(id)
    }

    /// Waits for news of runs, or for keys; no longer than until it is time to look for new ones. False when whoever sits
    /// there is gone, or somebody ends this process.
    #[expect(clippy::unused_self, reason = "elsewhere it knows what to wait for")]
    pub(crate) fn wait<'a>(
        &self,
        watched: impl Iterator<Item = &'a Watched>,
        seat: Option<&'a Seat>,
    ) -> io::Result<bool> {
        let beside: Vec<BorrowedFd<'_>> = seat.map(|seat| vec![stdin(), seat.ending.as_fd()]).unwrap_or_default();
        let sources = beside.into_iter().chain(watched.map(AsFd::as_fd));
        let mut polled: Vec<_> = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)).collect();
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_INTERVAL.subsec_nanos().into() };
        let keys = match poll(&mut polled, Some(&timeout)) {
            Ok(_) => polled.first().map_or(PollFlags::empty(), PollFd::revents),
            Err(rustix::io::Errno::INTR) => PollFlags::empty(),
            Err(error) => return Err(error.into()),
        };
        let is_gone = |seat: &Seat| keys.intersects(PollFlags::HUP | PollFlags::ERR) || seat.ending.next().is_some();
        Ok(!seat.is_some_and(is_gone))
    }
}

/// The terminal, of which every key is told, as long as this lives.
pub(crate) struct Seat {
    ending: SignalQueue,
}

impl Seat {
    /// Takes it.
    pub(crate) fn take(_runs: &Runs) -> io::Result<Option<Self>> {
        let ending = SignalQueue::new(&[Signal::TERM, Signal::HUP, Signal::INT].map(Signal::as_raw))?;
        terminal::enable_raw_mode()?;
        Ok(Some(Self { ending }))
    }

    /// How large it is, columns by rows.
    #[expect(clippy::unused_self, reason = "elsewhere it is asked")]
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// What was typed, if anything was.
    #[expect(clippy::unused_self, reason = "elsewhere it knows")]
    pub(crate) fn typed(&self) -> io::Result<Option<Typed>> {
        while event::poll(Duration::ZERO)? {
            let Event::Key(key) = event::read()? else { continue };
            if let Some(typed) = meaning(key) {
                return Ok(Some(typed));
            }
        }
        Ok(None)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        give_terminal_back();
    }
}

/// Gives it back, if it was taken.
pub(crate) fn give_terminal_back() {
    let _ = terminal::disable_raw_mode();
}

fn meaning(key: KeyEvent) -> Option<Typed> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match (key.code, key.modifiers) {
        (KeyCode::Char('q'), _) | (KeyCode::Char('c'), KeyModifiers::CONTROL) => Some(Typed::Quit),
        (KeyCode::Up, _) => Some(Typed::Key(Key::Up)),
        (KeyCode::Down, _) => Some(Typed::Key(Key::Down)),
        (KeyCode::Char(letter), KeyModifiers::NONE) => Some(Typed::Key(Key::Letter(letter))),
        _ => None,
    }
}
