//! The caller's terminal while the command has one of its own: raw mode, relay, size, suspension.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use pinfold_confine::launch::TerminalSize;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize};

use crate::linux::output::write_all;

/// Bytes moved in one go.
const CHUNK_BYTES: usize = 16 * 1024;

/// How often a run in the background looks whether it is in the foreground.
const FOREGROUND_INTERVAL: Duration = Duration::from_millis(200);

/// The caller's terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// It, whatever the standard input is.
    tty: OwnedFd,
    /// The mode it had.
    original: Termios,
    raw: bool,
    /// The command's terminal has been given the caller's mode.
    modes_given: bool,
    /// The command's terminal, once it exists.
    master: Option<OwnedFd>,
    /// Typed, but not yet taken by the command.
    pending: Vec<u8>,
    input_ended: bool,
}

impl Terminal {
    /// The caller's controlling terminal, when standard output goes there.
    pub(crate) fn of_caller() -> Option<Self> {
        if !rustix::termios::isatty(rustix::stdio::stdout()) {
            return None;
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tty = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
        let original = tcgetattr(&tty).ok()?;
        Some(Self {
            tty,
            original,
            raw: false,
            modes_given: false,
            master: None,
            pending: Vec::new(),
            input_ended: false,
        })
    }

    /// Its size in characters.
    pub(crate) fn size() -> TerminalSize {
        let size = tcgetwinsize(rustix::stdio::stdout()).ok().filter(|size| size.ws_row > 0);
        size.map_or(TerminalSize { rows: 24, columns: 80 }, |size| TerminalSize {
            rows: size.ws_row,
            columns: size.ws_col,
        })
    }

    /// Starts to relay to the command's terminal.
    pub(crate) fn connect(&mut self, master: OwnedFd) {
        let _ = rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK | OFlags::RDWR);
        self.master = Some(master);
        self.enter_raw_mode();
    }

    /// What the command writes to and reads from.
    pub(crate) fn master(&self) -> Option<BorrowedFd<'_>> {
        self.master.as_ref().map(|master| master.as_fd())
    }

    /// Where what is typed comes from.
    pub(crate) fn input(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }

    /// Whether what is typed shall be read: there is room and we are in the foreground.
    pub(crate) fn wants_input(&self) -> bool {
        self.raw && !self.input_ended && self.pending.len() < CHUNK_BYTES
    }

    /// Whether typed bytes wait for the command.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Reads what is typed.
    pub(crate) fn read_input(&mut self) {
        let mut bytes = [0; CHUNK_BYTES];
        match rustix::io::read(&self.tty, &mut bytes) {
            Ok(0) | Err(Errno::IO) => self.input_ended = true,
            Ok(length) => self.pending.extend(&bytes[..length]),
            Err(_) => {}
        }
        self.write_pending();
    }

    /// Passes typed bytes on.
    pub(crate) fn write_pending(&mut self) {
        let Some(master) = &self.master else { return };
        match rustix::io::write(master, &self.pending) {
            Ok(length) => drop(self.pending.drain(..length)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.pending.clear(),
        }
    }

    /// Passes what the command wrote on. Gives the number of bytes, 0 when there is nothing (more).
    pub(crate) fn relay_output(&mut self) -> usize {
        let Some(master) = &self.master else { return 0 };
        let mut bytes = [0; CHUNK_BYTES];
        match rustix::io::read(master, &mut bytes) {
            Ok(length) if write_all(rustix::stdio::stdout(), &bytes[..length]) => length,
            _ => 0,
        }
    }

    /// Passes everything on that the command has written before it ended.
    pub(crate) fn drain(&mut self) {
        while self.relay_output() > 0 {}
    }

    /// Tells the command's terminal the size of the caller's.
    pub(crate) fn resize(&self) {
        if let (Some(master), Ok(size)) = (&self.master, tcgetwinsize(rustix::stdio::stdout())) {
            let _ = tcsetwinsize(master, size);
        }
    }

    /// How long until it must be seen whether the terminal is ours by now. A shell tells a job that goes on running
    /// nothing when it brings it to the foreground.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        (self.master.is_some() && !self.raw).then_some(FOREGROUND_INTERVAL)
    }

    /// Hands every key to the command. In the background nothing is changed: the terminal is somebody else's.
    pub(crate) fn enter_raw_mode(&mut self) {
        if self.raw || self.master.is_none() {
            return;
        }
        let foreground = tcgetpgrp(&self.tty).is_ok_and(|group| group == rustix::process::getpgrp());
        if !foreground {
            return;
        }
        self.take_over_mode();
        let mut raw = self.original.clone();
        raw.make_raw();
        self.raw = tcsetattr(&self.tty, OptionalActions::Drain, &raw).is_ok();
    }

    /// Notes the mode that a shell gives to a job in the foreground; before, it may have been the shell's own. The
    /// command's terminal starts out with it.
    fn take_over_mode(&mut self) {
        if let Ok(mode) = tcgetattr(&self.tty) {
            self.original = mode;
        }
        if let Some(master) = self.master.as_ref().filter(|_| !std::mem::replace(&mut self.modes_given, true)) {
            let _ = tcsetattr(master, OptionalActions::Now, &self.original);
        }
    }

    /// Gives the terminal back as it was.
    pub(crate) fn leave_raw_mode(&mut self) {
        if std::mem::take(&mut self.raw) {
            let _ = tcsetattr(&self.tty, OptionalActions::Drain, &self.original);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave_raw_mode();
    }
}
