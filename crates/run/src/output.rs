//! Counted output: with a limit, what the command writes passes through the supervisor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// Bytes moved in one go.
const CHUNK_BYTES: usize = 64 * 1024;

/// The pipes that stand in for standard output and standard error.
#[derive(Debug)]
pub(crate) struct Relay {
    streams: [Stream; 2],
    /// Bytes that may still be passed on.
    left_bytes: u64,
}

/// One of the two: read from the command, written to the caller.
#[derive(Debug)]
struct Stream {
    from: Option<OwnedFd>,
    to: BorrowedFd<'static>,
}

/// The command's ends of the pipes.
#[derive(Debug)]
pub(crate) struct Ends {
    /// For standard output.
    pub(crate) stdout: OwnedFd,
    /// For standard error.
    pub(crate) stderr: OwnedFd,
}

impl Relay {
    /// Makes the pipes.
    pub(crate) fn new(limit_bytes: u64) -> io::Result<(Self, Ends)> {
        let (from_stdout, stdout) = pipe_with(PipeFlags::CLOEXEC)?;
        let (from_stderr, stderr) = pipe_with(PipeFlags::CLOEXEC)?;
        for from in [&from_stdout, &from_stderr] {
            rustix::fs::fcntl_setfl(from, OFlags::NONBLOCK)?;
        }
        let streams = [
            Stream { from: Some(from_stdout), to: rustix::stdio::stdout() },
            Stream { from: Some(from_stderr), to: rustix::stdio::stderr() },
        ];
        Ok((Self { streams, left_bytes: limit_bytes }, Ends { stdout, stderr }))
    }

    /// What becomes readable when the command writes, with the number of the stream.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        self.streams.iter().enumerate().filter_map(|(index, stream)| Some((index, stream.from.as_ref()?.as_fd())))
    }

    /// Takes what a stream has ready and passes on what is allowed. Gives the number of bytes taken, 0 when there are
    /// none.
    pub(crate) fn pass(&mut self, index: usize) -> usize {
        let Some(stream) = self.streams.get_mut(index) else { return 0 };
        let Some(from) = &stream.from else { return 0 };
        let mut bytes = [0; CHUNK_BYTES];
        let length = match rustix::io::read(from, &mut bytes) {
            Err(Errno::AGAIN | Errno::INTR) => return 0,
            Ok(length) if length > 0 => length,
            _ => {
                stream.from = None;
                return 0;
            }
        };
        let allowed = length.min(usize::try_from(self.left_bytes).unwrap_or(usize::MAX));
        self.left_bytes -= allowed as u64;
        if !write_all(stream.to, &bytes[..allowed]) {
            // Nobody reads any more: the command shall notice as it would without us.
            stream.from = None;
        }
        length
    }

    /// Passes on what is left after the end of the command.
    pub(crate) fn drain(&mut self) {
        for index in 0..self.streams.len() {
            while self.pass(index) > 0 {}
        }
    }
}

/// Writes everything. False when nobody reads.
pub(crate) fn write_all(output: BorrowedFd<'_>, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match rustix::io::write(output, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut writable = [rustix::event::PollFd::new(&output, rustix::event::PollFlags::OUT)];
                let _ = rustix::event::poll(&mut writable, None);
            }
            Err(_) => return false,
        }
    }
    true
}
