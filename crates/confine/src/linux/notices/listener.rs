//! The descriptor that notices come from.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use rustix::process::Pid;

use super::named::{self, Named};
use super::{Memory, sys};
use crate::linux::seccomp;

/// Where the kernel tells of calls. Closed, those that wait fail with `ENOSYS`.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// A process that waits with a call.
#[derive(Debug)]
pub struct Notice {
    id: u64,
    /// The thread that waits, as this process sees it.
    pub thread: Pid,
    call: u32,
    arguments: [u64; 6],
}

/// `execveat(2)`, or `execve(2)` as a case of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    /// The descriptor of the directory that a relative path starts at; `None` for the current one.
    pub directory: Option<RawFd>,
    /// Where in the process's memory the path is.
    pub path: u64,
    /// Where the array of pointers to arguments is, which ends with a null pointer.
    pub arguments: u64,
    /// `AT_*` flags.
    pub flags: i32,
}

impl Execution {
    /// Whether an empty path means the descriptor itself.
    pub fn may_be_empty(&self) -> bool {
        self.flags & libc::AT_EMPTY_PATH != 0
    }
}

impl Listener {
    /// Takes on the descriptor that came from inside.
    pub fn new(descriptor: OwnedFd) -> Self {
        // Waiter and listener take turns, so the kernel had better not look for another processor (since 6.6).
        let _ = sys::wake_in_turns(descriptor.as_fd());
        Self(descriptor)
    }

    /// The next notice; waits for one, and may find that there is none after all.
    pub fn next(&self) -> io::Result<Option<Notice>> {
        match sys::receive(self.0.as_fd()) {
            Ok(raw) => Ok(Notice::read(&raw)),
            // It was killed, or a signal came first.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets a process go on. False when it no longer waits; then what was read of it may be of another process that has
    /// got its number.
    pub fn go_on(&self, notice: &Notice) -> bool {
        sys::go_on(self.0.as_fd(), notice.id).is_ok()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Notice {
    fn read(raw: &libc::seccomp_notif) -> Option<Self> {
        let thread = Pid::from_raw(raw.pid.cast_signed())?;
        Some(Self { id: raw.id, thread, call: raw.data.nr.cast_unsigned(), arguments: raw.data.args })
    }

    /// The program that it asks for, if it does.
    pub fn execution(&self) -> Option<Execution> {
        let [first, second, third, _, fifth, _] = self.arguments;
        match libc::c_long::from(self.call) {
            libc::SYS_execve => Some(Execution { directory: None, path: first, arguments: second, flags: 0 }),
            libc::SYS_execveat => Some(Execution {
                // The kernel takes both as `int`.
                directory: Some(first as RawFd).filter(|directory| *directory != libc::AT_FDCWD),
                path: second,
                arguments: third,
                flags: fifth as i32,
            }),
            _ => None,
        }
    }

    /// The paths that it names, as far as they can be read.
    pub fn named(&self) -> Vec<Named> {
        seccomp::arguments(self.call)
            .map_or_else(Vec::new, |meanings| named::read(Memory(self.thread), meanings, &self.arguments))
    }
}
