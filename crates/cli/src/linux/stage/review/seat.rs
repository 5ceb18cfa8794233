//! The terminal that the page is on: its keys, its size, and what it had before.

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

use super::keys::Keys;
use super::page::Key;
use crate::platform::give_terminal_back;
use crate::watch::{enter_page, leave_page, mark_pastes};

/// How long a key may take to come whole.
const KEY_WAIT: Duration = Duration::from_millis(50);

/// The terminal, as long as this lives. Keys are read here and not by crossterm: that loses one that comes together with
/// another size of the window.
pub(super) struct Seat {
    signals: SignalQueue,
    keys: Keys,
}

/// Why one waits no more.
pub(super) enum Woken {
    /// There may be keys, or news, or another size.
    News,
    /// Whoever sat there is gone, or somebody ends this process, by a signal.
    Ended(Option<i32>),
}

impl Seat {
    /// Takes it.
    pub(super) fn take() -> io::Result<Self> {
        let signals = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT, Signal::WINCH];
        let seat = Self { signals: SignalQueue::new(&signals.map(Signal::as_raw))?, keys: Keys::default() };
        terminal::enable_raw_mode()?;
        enter_page()?;
        mark_pastes()?;
        Ok(seat)
    }

    /// How large it is, columns by rows.
    #[expect(clippy::unused_self, reason = "whoever has it may ask")]
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Waits for keys, for another size, or until something can be read from what is beside.
    pub(super) fn wait(&mut self, beside: impl AsFd) -> io::Result<Woken> {
        let [keys, _, _] = readable([stdin(), self.signals.as_fd(), beside.as_fd()], None)?;
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
    pub(super) fn typed(&mut self) -> io::Result<Option<Key>> {
        if let Some(key) = self.keys.next() {
            return Ok(Some(key));
        }
        if self.keys.is_open() && readable([stdin()], Some(KEY_WAIT))?[0].is_empty() {
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
        leave_page();
        give_terminal_back();
    }
}

/// What is the matter with each, as soon as something is, or in the end nothing.
fn readable<const N: usize>(sources: [BorrowedFd<'_>; N], most: Option<Duration>) -> io::Result<[PollFlags; N]> {
    let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
    let most = most.map(|most| Timespec { tv_sec: 0, tv_nsec: most.subsec_nanos().into() });
    match poll(&mut polled, most.as_ref()) {
        Ok(_) => Ok(polled.map(|polled| polled.revents())),
        Err(Errno::INTR) => Ok([PollFlags::empty(); N]),
        Err(error) => Err(error.into()),
    }
}
