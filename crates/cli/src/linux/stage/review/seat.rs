//! The terminal that the page is on: its keys, its size, and what it had before.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use pinfold_confine::linux::SignalQueue;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;
use rustix::stdio::stdin;

use super::page::Key;
use crate::platform::give_terminal_back;
use crate::watch::{enter_page, leave_page};

/// How often its size is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The terminal, as long as this lives.
pub(super) struct Seat {
    ending: SignalQueue,
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
        let ending = SignalQueue::new(&[Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT].map(Signal::as_raw))?;
        let seat = Self { ending };
        terminal::enable_raw_mode()?;
        enter_page()?;
        Ok(seat)
    }

    /// How large it is, columns by rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Waits for keys, or until something can be read from what is beside.
    pub(super) fn wait(&self, beside: impl AsFd) -> io::Result<Woken> {
        let sources = [stdin(), self.ending.as_fd(), beside.as_fd()];
        let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_INTERVAL.subsec_nanos().into() };
        let keys = match poll(&mut polled, Some(&timeout)) {
            Ok(_) => polled[0].revents(),
            Err(rustix::io::Errno::INTR) => PollFlags::empty(),
            Err(error) => return Err(error.into()),
        };
        if let Some(signal) = self.ending.next() {
            return Ok(Woken::Ended(Some(signal)));
        }
        let is_gone = keys.intersects(PollFlags::HUP | PollFlags::ERR);
        Ok(if is_gone { Woken::Ended(None) } else { Woken::News })
    }

    /// The next key, if one was typed.
    pub(super) fn typed(&self) -> io::Result<Option<Key>> {
        while event::poll(Duration::ZERO)? {
            let Event::Key(key) = event::read()? else { continue };
            if let Some(key) = meaning(key) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        leave_page();
        give_terminal_back();
    }
}

fn meaning(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char('f') if control => Key::PageDown,
        KeyCode::Char('b') if control => Key::PageUp,
        KeyCode::Char(letter) if !control && !key.modifiers.contains(KeyModifiers::ALT) => Key::Letter(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab | KeyCode::BackTab => Key::Tab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        _ => return None,
    })
}
