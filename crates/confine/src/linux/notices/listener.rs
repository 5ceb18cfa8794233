//! The descriptor that notices come from.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use pinfold_plan::Seccomp;
use rustix::process::Pid;

use super::named::{self, Named};
use super::{Memory, sys};
use crate::linux::seccomp::{self, RefusedCall};

/// The shortest turn that the kernel gives.
const TURN_NS: u64 = 100_000;

/// Where the kernel tells of calls. Closed, those that wait fail with `ENOSYS`.
#[derive(Debug)]
pub struct Listener {
    descriptor: OwnedFd,
    /// Those of the filter that it belongs to.
    options: Seccomp,
}

/// A process that waits with a call.
#[derive(Debug)]
pub struct Notice {
    id: u64,
    /// The thread that waits, as this process sees it.
    pub thread: Pid,
    call: u32,
    arguments: [u64; 6],
    refused: Option<RefusedCall>,
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
    /// Takes on the descriptor that came from inside, from a filter with these options.
    pub fn new(descriptor: OwnedFd, options: Seccomp) -> Self {
        Self { descriptor, options }
    }

    /// Lets this thread have its turn before others that are busy, as far as the kernel has an ear for it (since 6.12):
    /// processes wait for what it does, and it is never long.
    pub fn be_prompt() {
        let _ = sys::take_turns_of(TURN_NS);
    }

    /// The next notice; waits for one, and may find that there is none after all.
    pub fn next(&self) -> io::Result<Option<Notice>> {
        match sys::receive(self.as_fd()) {
            Ok(raw) => Ok(Notice::read(&raw, &self.options)),
            // It was killed, or a signal came first.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lets a process go on, with an error if its call is refused. False when it no longer waits; then what was read of
    /// it may be of another process that has got its number.
    pub fn go_on(&self, notice: &Notice) -> bool {
        let errno = notice.refused.map(|refused| refused.errno);
        loop {
            match sys::answer(self.as_fd(), notice.id, errno) {
                // A signal came first, and the process still waits.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                answered => return answered.is_ok(),
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Notice {
    fn read(raw: &libc::seccomp_notif, options: &Seccomp) -> Option<Self> {
        let thread = Pid::from_raw(raw.pid.cast_signed())?;
        let (call, arguments) = (raw.data.nr.cast_unsigned(), raw.data.args);
        Some(Self { id: raw.id, thread, call, arguments, refused: seccomp::refused(options, call, &arguments) })
    }

    /// Which call the filter refuses, if it does.
    pub fn refused(&self) -> Option<RefusedCall> {
        self.refused
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

    /// Whether it may be about to change something that is there.
    pub fn may_change(&self) -> bool {
        seccomp::may_change(self.call)
    }

    /// What it means by a descriptor alone.
    pub fn descriptor(&self) -> Option<RawFd> {
        named::descriptor(Memory(self.thread), seccomp::arguments(self.call)?, &self.arguments)
    }

    /// The paths that it names, as far as they can be read.
    pub fn named(&self) -> Vec<Named> {
        seccomp::arguments(self.call)
            .map_or_else(Vec::new, |meanings| named::read(Memory(self.thread), meanings, &self.arguments))
    }
}
