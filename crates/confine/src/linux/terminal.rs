//! The command's own terminal, from the sandbox's own `/dev/pts`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::process::Pid;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;

use super::error::{ConfineError, Context};
use crate::launch::TerminalSize;

/// Both ends of a new terminal.
pub(super) struct Pair {
    /// The end that the supervisor relays.
    pub(super) master: OwnedFd,
    /// The end that the command sees.
    slave: OwnedFd,
}

impl Pair {
    /// Makes a terminal of `size`.
    pub(super) fn open(size: TerminalSize) -> Result<Self, ConfineError> {
        let step = "make a terminal";
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let master = rustix::fs::openat(CWD, "/dev/ptmx", flags, Mode::empty()).step(step)?;
        rustix::pty::unlockpt(&master).step(step)?;
        let slave =
            rustix::pty::ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
                .step(step)?;
        let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&slave, size).step(step)?;
        Ok(Self { master, slave })
    }

    /// Makes it the controlling terminal of this session.
    pub(super) fn control(&self) -> Result<(), ConfineError> {
        rustix::process::ioctl_tiocsctty(&self.slave).step("take the terminal over")
    }

    /// The command's end.
    pub(super) fn slave(&self) -> BorrowedFd<'_> {
        self.slave.as_fd()
    }

    /// Gives the master away and keeps the other end, to move process groups to the foreground.
    pub(super) fn keep_controlling(self) -> OwnedFd {
        self.slave
    }
}

/// Makes `group` the terminal's foreground group. The caller must have `SIGTTOU` blocked.
pub(super) fn bring_to_foreground(terminal: BorrowedFd<'_>, group: Pid) -> rustix::io::Result<()> {
    rustix::termios::tcsetpgrp(terminal, group)
}
