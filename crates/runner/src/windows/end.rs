//! An end of a pipe, as the supervisor has it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::time::Duration;

use super::signal::Signal;
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

    /// The same end once more: one can read while the other writes.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Self::new(self.pipe.try_clone()?)
    }

    /// One whose transfers end as soon as a signal is given.
    pub fn until(self, over: Signal) -> EndUntil {
        EndUntil { end: self, over }
    }

    /// How many pipes of its name there are.
    pub(super) fn instances(&self) -> io::Result<u32> {
        pipe::instances(self.pipe.as_handle())
    }

    /// Turns away whoever has opened it.
    pub(super) fn disconnect(&self) -> io::Result<()> {
        pipe::disconnect(self.pipe.as_handle())
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
        end_at_close(transfer::read(self.pipe.as_handle(), self.done.as_handle(), buffer))
    }
}

/// The other end is closed, and everything that it wrote has been read.
fn end_at_close(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(0),
        result => result,
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

/// An end that nobody waits at for longer than until a signal: reading then finds the end, and writing nobody who reads.
#[derive(Debug)]
pub struct EndUntil {
    end: PipeEnd,
    over: Signal,
}

impl Read for EndUntil {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { end: PipeEnd { pipe, done }, over } = self;
        let read = transfer::read_unless(pipe.as_handle(), done.as_handle(), over.handle(), buffer);
        end_at_close(read.map(Option::unwrap_or_default))
    }
}

impl Write for EndUntil {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { end: PipeEnd { pipe, done }, over } = self;
        let written = transfer::write_unless(pipe.as_handle(), done.as_handle(), over.handle(), bytes)?;
        written.ok_or_else(|| ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
