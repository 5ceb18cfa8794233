//! The supervisor's end of a pipe.

use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::time::Duration;

use super::sys::{event, pipe, transfer, wait};

/// An end that can be waited at together with something else, which is why it is not a file.
#[derive(Debug)]
pub struct PipeEnd {
    pipe: OwnedHandle,
    /// Set when the one transfer that goes on has ended.
    done: OwnedHandle,
}

/// What came of waiting for somebody at a pipe.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Connected,
    /// What was waited for as well has come about.
    Instead,
    TimedOut,
}

impl PipeEnd {
    pub(super) fn new(pipe: OwnedHandle) -> io::Result<Self> {
        Ok(Self { pipe, done: event::new()? })
    }

    /// Waits until somebody has opened the pipe, `instead` is signalled, or the time is over.
    pub(super) fn connect(&self, instead: BorrowedHandle<'_>, time: Duration) -> io::Result<Waited> {
        let connecting = match transfer::connect(self.pipe.as_handle(), self.done.as_handle())? {
            Some(connecting) => connecting,
            None => return Ok(Waited::Connected),
        };
        let first = wait::for_any([self.done.as_handle(), instead], time);
        // Either way it is over before the memory for it is gone.
        let cancelled = !matches!(first, Ok(Some(0)));
        match (connecting.end(cancelled), first?) {
            (Ok(_), _) => Ok(Waited::Connected),
            (Err(error), Some(0)) => Err(error),
            (Err(_), Some(_)) => Ok(Waited::Instead),
            (Err(_), None) => Ok(Waited::TimedOut),
        }
    }

    /// Who may open it, as the system knows.
    pub(super) fn descriptor(&self) -> io::Result<Vec<u8>> {
        pipe::descriptor(self.pipe.as_handle())
    }

    /// The process that has opened it, as the system knows.
    pub(super) fn client(&self) -> io::Result<u32> {
        pipe::client(self.pipe.as_handle())
    }
}

impl Read for PipeEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match transfer::read(self.pipe.as_handle(), self.done.as_handle(), buffer) {
            // The other end is closed, and everything that it wrote has been read.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
            result => result,
        }
    }
}

impl Write for PipeEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        transfer::write(self.pipe.as_handle(), self.done.as_handle(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
