//! Pipes through which data is moved past this process (splice(2)).

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::pipe::{PipeFlags, SpliceFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::limits::{PIPE_BYTES, PIPES_MAX};

/// How data is moved.
const SPLICE: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

/// A pipe that is lent to one direction of one connection at a time.
struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

/// A pipe on loan. It goes back when it is empty; with bytes in it, which belong to nobody else, it is closed.
pub(crate) struct Lent {
    pipe: Option<Pipe>,
    holds: usize,
}

/// Pipes that nobody uses, and how many there are in all.
static PIPES: Mutex<(Vec<Pipe>, usize)> = Mutex::new((Vec::new(), 0));

impl Lent {
    /// A pipe, if there is one left.
    pub(crate) fn take() -> Option<Self> {
        let mut pipes = PIPES.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = match pipes.0.pop() {
            Some(pipe) => pipe,
            None if pipes.1 < PIPES_MAX => {
                let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
                // Who may have no large pipe gets on with a small one.
                let _ = rustix::pipe::fcntl_setpipe_size(&write, PIPE_BYTES);
                pipes.1 += 1;
                Pipe { read, write }
            }
            None => return None,
        };
        Some(Self { pipe: Some(pipe), holds: 0 })
    }

    /// From a socket into the empty pipe.
    pub(crate) fn fill(&mut self, from: &TcpStream, room: usize) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else { return Ok(0) };
        let fill = || Ok(rustix::pipe::splice(from, None, &pipe.write, None, room, SPLICE)?);
        self.holds = from.try_io(Interest::READABLE, fill)?;
        Ok(self.holds)
    }

    /// From the pipe into a socket.
    pub(crate) async fn empty(&mut self, to: &TcpStream) -> io::Result<()> {
        let Some(pipe) = &self.pipe else { return Ok(()) };
        while self.holds > 0 {
            let empty = || Ok(rustix::pipe::splice(&pipe.read, None, to, None, self.holds, SPLICE)?);
            match to.try_io(Interest::WRITABLE, empty) {
                Ok(count) => self.holds = self.holds.saturating_sub(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => to.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut pipes = PIPES.lock().unwrap_or_else(PoisonError::into_inner);
        match self.pipe.take().filter(|_| self.holds == 0) {
            Some(pipe) => pipes.0.push(pipe),
            None => pipes.1 -= 1,
        }
    }
}
