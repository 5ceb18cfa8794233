//! The command's standard descriptors where it has no terminal of its own: the caller's, one-way terminals, or pipes
//! through the supervisor.
//!
//! A terminal is open in both directions on all three descriptors. Whoever gets one for its messages could read there
//! what is typed for others, so it is opened anew in one direction; where that is not allowed (a terminal of another
//! user's, after `su`), and where output is limited, a pipe stands in for it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};

/// Bytes moved in one go.
const CHUNK_BYTES: usize = 64 * 1024;

/// Output that passes through the supervisor.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    streams: Vec<Stream>,
    /// Bytes that may still be passed on.
    left_bytes: u64,
    /// The modes that terminals among the standard descriptors had. Whoever has a terminal can change its mode.
    modes: Vec<(BorrowedFd<'static>, Termios)>,
}

/// One stream: read from the command, written to the caller.
#[derive(Debug)]
struct Stream {
    from: Option<OwnedFd>,
    to: BorrowedFd<'static>,
}

/// What the command gets instead of the caller's descriptors.
#[derive(Debug, Default)]
pub(crate) struct Instead([Option<OwnedFd>; 3]);

impl Instead {
    /// For standard input, output and error.
    pub(crate) fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 3] {
        self.0.each_ref().map(|descriptor| descriptor.as_ref().map(|descriptor| descriptor.as_fd()))
    }
}

impl Relay {
    /// Decides for each standard descriptor what the command gets.
    pub(crate) fn new(limit_bytes: Option<u64>) -> io::Result<(Self, Instead)> {
        let standard = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
        let modes = standard.into_iter().filter_map(|fd| Some((fd, tcgetattr(fd).ok()?))).collect();
        let mut relay = Self { streams: Vec::new(), left_bytes: limit_bytes.unwrap_or(u64::MAX), modes };
        let stdin = isatty(rustix::stdio::stdin()).then(|| one_way(0, OFlags::RDONLY)).and_then(Result::ok);
        let mut instead = Instead([stdin, None, None]);
        for (number, to) in [(1, rustix::stdio::stdout()), (2, rustix::stdio::stderr())] {
            instead.0[number] = match (limit_bytes, isatty(to)) {
                (None, false) => None,
                (None, true) => one_way(number, OFlags::WRONLY).or_else(|_| relay.pipe(to)).map(Some)?,
                (Some(_), _) => Some(relay.pipe(to)?),
            };
        }
        Ok((relay, instead))
    }

    /// Makes a pipe to `to` through the supervisor and gives the command's end.
    fn pipe(&mut self, to: BorrowedFd<'static>) -> io::Result<OwnedFd> {
        let (from, end) = pipe_with(PipeFlags::CLOEXEC)?;
        rustix::fs::fcntl_setfl(&from, OFlags::NONBLOCK)?;
        self.streams.push(Stream { from: Some(from), to });
        Ok(end)
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

    /// Gives terminals the modes back that they had.
    pub(crate) fn restore_modes(&self) {
        for (terminal, mode) in &self.modes {
            let foreground = tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp());
            // In the background the terminal is somebody else's, and the attempt would stop this process.
            if foreground || tcgetpgrp(terminal).is_err() {
                let _ = tcsetattr(terminal, OptionalActions::Now, mode);
            }
        }
    }

    /// Passes on what is left after the end of the command.
    pub(crate) fn drain(&mut self) {
        for index in 0..self.streams.len() {
            while self.pass(index) > 0 {}
        }
    }
}

/// The terminal on a standard descriptor, opened anew.
fn one_way(number: usize, direction: OFlags) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{number}");
    Ok(rustix::fs::open(path, direction | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
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
