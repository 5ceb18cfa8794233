//! The terminal of whoever looks at a page: its keys, its size, and signals.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crossterm::terminal;
use pinfold_confine::linux::SignalQueue;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::stdio::stdin;
use rustix::termios::{QueueSelector, tcflush};

use crate::keys::{Key, Keys};

/// How long a key may take to come whole.
const KEY_WAIT: Duration = Duration::from_millis(50);

/// The terminal, of which every key is told, as long as this lives. Keys are read here and not by crossterm: that loses one that
/// comes together with another size of the window.
pub(crate) struct Seat {
    signals: SignalQueue,
    keys: Keys,
}

/// Why one waits no more.
pub(super) enum Woken {
    /// There may be keys, or news, or another size, or it has taken long enough.
    News,
    /// Whoever sat there is gone, or somebody ends this process, by a signal.
    Ended(Option<i32>),
}

impl Seat {
    /// Takes it.
    pub(super) fn new() -> io::Result<Self> {
        let signals = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT, Signal::WINCH];
        let seat = Self { signals: SignalQueue::new(&signals.map(Signal::as_raw))?, keys: Keys::default() };
        terminal::enable_raw_mode()?;
        Ok(seat)
    }

    /// How large it is, columns by rows.
    #[expect(clippy::unused_self, reason = "elsewhere it is asked")]
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Waits for keys, for another size, or until something can be read from what is beside.
    pub(super) fn wait(&mut self, beside: &[BorrowedFd<'_>], most: Option<Duration>) -> io::Result<Woken> {
        let keys = readable(&[&[stdin(), self.signals.as_fd()], beside].concat(), most)?[0];
        if let Some(signal) = self.ended() {
            return Ok(Woken::Ended(Some(signal)));
        }
        if keys.contains(PollFlags::IN) {
            let mut bytes = [0; 1024];
            match rustix::io::read(stdin(), &mut bytes) {
                Ok(0) => return Ok(Woken::Ended(None)),
                Ok(length) => self.keys.add(&bytes[..length]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        } else if !keys.is_empty() {
            return Ok(Woken::Ended(None));
        }
        Ok(Woken::News)
    }

    /// The signal by which somebody ends this process, if somebody does.
    pub(super) fn ended(&self) -> Option<i32> {
        std::iter::from_fn(|| self.signals.next()).find(|signal| *signal != Signal::WINCH.as_raw())
    }

    /// The next key, if one was typed.
    pub(crate) fn typed(&mut self) -> io::Result<Option<Key>> {
        if let Some(key) = self.keys.next() {
            return Ok(Some(key));
        }
        if self.keys.is_open() && readable(&[stdin()], Some(KEY_WAIT))?[0].is_empty() {
            return Ok(self.keys.end());
        }
        Ok(None)
    }

    /// Forgets what was typed so far: it was about something else.
    pub(super) fn forget_typed(&mut self) {
        self.keys.forget();
        let _ = tcflush(stdin(), QueueSelector::IFlush);
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

/// What is the matter with each, as soon as something is, or in the end nothing.
pub(super) fn readable(sources: &[BorrowedFd<'_>], most: Option<Duration>) -> io::Result<Vec<PollFlags>> {
    let mut polled: Vec<_> = sources.iter().map(|source| PollFd::from_borrowed_fd(*source, PollFlags::IN)).collect();
    let most = most.and_then(|most| Timespec::try_from(most).ok());
    match poll(&mut polled, most.as_ref()) {
        Ok(_) => Ok(polled.iter().map(PollFd::revents).collect()),
        Err(Errno::INTR) => Ok(vec![PollFlags::empty(); sources.len()]),
        Err(error) => Err(error.into()),
    }
}
