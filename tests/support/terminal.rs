//! A real terminal that somebody sits at.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

/// Both ends of a terminal.
#[derive(Debug)]
pub struct TypedTerminal {
    master: std::fs::File,
    slave: OwnedFd,
}

impl TypedTerminal {
    /// A new terminal.
    pub fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("the terminal granted");
        unlockpt(&master).expect("the terminal unlocked");
        let path = ptsname(&master, Vec::new()).expect("the terminal's name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::openat(CWD, &path, flags, Mode::empty()).expect("the terminal's other end");
        Self { master: master.into(), slave }
    }

    /// The end that programs use.
    pub fn stdio(&self) -> Stdio {
        self.slave.try_clone().expect("another descriptor").into()
    }

    /// Gives it a size, and lets no key become a signal.
    pub fn plain(self, columns: u16, rows: u16) -> Self {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.slave, size).expect("the terminal's size");
        let mut modes = tcgetattr(&self.slave).expect("the terminal's modes");
        modes.local_modes.remove(LocalModes::ISIG);
        tcsetattr(&self.slave, OptionalActions::Now, &modes).expect("other modes");
        self
    }

    /// Types.
    pub fn type_in(&self, text: &str) {
        (&self.master).write_all(text.as_bytes()).expect("typing");
    }

    /// What the next program that reads the terminal would get, although nobody typed it.
    pub fn waiting_input(&self) -> String {
        rustix::io::ioctl_fionbio(&self.slave, true).expect("a terminal that does not wait");
        let mut bytes = [0; 4096];
        let length = rustix::io::read(&self.slave, &mut bytes[..]).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// What has been shown so far; keeps programs from waiting for a full terminal.
    pub fn shown(&self) -> String {
        rustix::io::ioctl_fionbio(&self.master, true).expect("a terminal that does not wait");
        let mut shown = Vec::new();
        let _ = (&self.master).read_to_end(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Its modes, as text to compare.
    pub fn modes(&self) -> String {
        format!("{:?}", tcgetattr(&self.slave).expect("the terminal's modes"))
    }
}
