//! Signals as something to read from a descriptor, in order, beside other events.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command};

use super::sys::{self, Signals, SingleThreaded};

/// Signals that have been taken out of asynchronous delivery and wait to be read.
#[derive(Debug)]
pub struct SignalQueue(OwnedFd);

impl SignalQueue {
    /// Blocks these signals in the calling thread and collects them. The process must not have other threads that
    /// leave them unblocked.
    pub fn new(signals: &[i32]) -> io::Result<Self> {
        sys::set_signal_mask(Signals::These(signals))?;
        Ok(Self(sys::signal_descriptor(Signals::These(signals))?))
    }

    /// Blocks every signal and collects `SIGCHLD`.
    pub(super) fn children() -> io::Result<Self> {
        sys::set_signal_mask(Signals::All)?;
        Ok(Self(sys::signal_descriptor(Signals::These(&[libc::SIGCHLD]))?))
    }

    /// The next signal that came, if any. Several of one kind may have become one.
    pub fn next(&self) -> Option<i32> {
        let mut info = [0_u8; size_of::<libc::signalfd_siginfo>()];
        let read = rustix::io::read(&self.0, &mut info).ok()?;
        let number = info.first_chunk::<4>().filter(|_| read == info.len())?;
        i32::try_from(u32::from_ne_bytes(*number)).ok()
    }
}

impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Starts a program that gets every signal, though its caller has blocked some, by a [`SignalQueue`], and goes on doing so.
///
/// # Errors
/// When it cannot be started, or this process has other threads.
pub fn spawn_unblocked(command: &mut Command) -> io::Result<Child> {
    sys::unblock_in_child(SingleThreaded::check()?, command).spawn()
}

/// Ends this process by a signal, as the command ended: a shell that waits for it must see that it was interrupted.
/// Returns when the signal does not end processes.
pub fn end_by(number: i32) {
    let Some(signal) = rustix::process::Signal::from_named_raw(number) else { return };
    // The command's core dump, if any, was its own affair.
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    sys::default_signal_actions();
    let _ = sys::set_signal_mask(Signals::None);
    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
}

/// Lets a closed pipe end this process, as other programs do it; Rust's start-up code has that signal ignored. Not for a
/// supervisor, which must live to settle the run.
pub fn end_on_broken_pipe() {
    sys::default_signal_actions();
}
