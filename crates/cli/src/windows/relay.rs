//! Standard streams of a command: handed on as they are where that is safe, passed through otherwise.
//!
//! A console is never handed on: the command could type into it, and the shell that pinfold was started from would read that.

use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;

use pinfold_confine::windows::{OwnConsole, Terminal};

/// As much as is passed on at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// One of the caller's own streams.
#[derive(Debug, Clone, Copy)]
enum Out {
    Output,
    Error,
}

/// The streams of a command.
pub(super) struct Relay {
    input: Option<(PipeReader, PipeWriter)>,
    output: [Option<(PipeReader, PipeWriter)>; 2],
    own: (io::Stdin, io::Stdout, io::Stderr),
    /// Bytes that came out.
    pub(super) passed: Arc<AtomicU64>,
}

impl Relay {
    /// Streams for a command whose output is counted, or is not.
    pub(super) fn new(counted: bool) -> io::Result<Self> {
        let own = (io::stdin(), io::stdout(), io::stderr());
        let through = |is_console: bool| (is_console || counted).then(io::pipe).transpose();
        let input = own.0.is_terminal().then(io::pipe).transpose()?;
        let output = [through(own.1.is_terminal())?, through(own.2.is_terminal())?];
        Ok(Self { input, output, own, passed: Arc::default() })
    }

    /// What the command gets.
    pub(super) fn stdio(&self) -> [Option<BorrowedHandle<'_>>; 3] {
        let [output, error] = &self.output;
        [
            Some(self.input.as_ref().map_or_else(|| self.own.0.as_handle(), |(reader, _)| reader.as_handle())),
            Some(output.as_ref().map_or_else(|| self.own.1.as_handle(), |(_, writer)| writer.as_handle())),
            Some(error.as_ref().map_or_else(|| self.own.2.as_handle(), |(_, writer)| writer.as_handle())),
        ]
    }

    /// Passes on what the command, which has been started, says; and what is typed.
    pub(super) fn begin(self) -> io::Result<Passing> {
        let Self { input, output: [output, error], passed, .. } = self;
        if let Some((_, writer)) = input {
            // It waits for keys until the program ends.
            drop(spawn("keys", move || copy(io::stdin(), writer, None))?);
        }
        let pass = |stream: Option<(PipeReader, PipeWriter)>, out| {
            let passed = Arc::clone(&passed);
            // Its other end here goes, so that it ends with the last process that has it.
            stream.map(|(reader, _)| spawn("output", move || copy(reader, out, Some(&passed)))).transpose()
        };
        Ok(Passing([pass(output, Out::Output)?, pass(error, Out::Error)?].into_iter().flatten().collect()))
    }
}

/// Passes on what a command with a terminal of its own shows, and what is typed at the console.
pub(super) fn begin_terminal(
    terminal: &mut Terminal,
    console: &OwnConsole,
    passed: &Arc<AtomicU64>,
) -> io::Result<Passing> {
    let (typed, keys) = (console.keys()?, terminal.keys.try_clone()?);
    drop(spawn("keys", move || copy(typed, keys, None))?);
    let passed = Arc::clone(passed);
    let screen = terminal.screen.take();
    let shown = screen.map(|screen| spawn("screen", move || copy(screen, Out::Output, Some(&passed)))).transpose()?;
    Ok(Passing(shown.into_iter().collect()))
}

/// Threads that pass on.
pub(super) struct Passing(Vec<JoinHandle<()>>);

impl Passing {
    /// Waits until everything has been passed on.
    pub(super) fn finish(self) {
        for thread in self.0 {
            let _ = thread.join();
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output => io::stdout().write(bytes),
            Self::Error => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output => io::stdout().flush(),
            Self::Error => io::stderr().flush(),
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Until one side has ended.
fn copy(mut from: impl Read, mut to: impl Write, passed: Option<&AtomicU64>) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(count) = from.read(&mut piece) {
        let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        if let Some(passed) = passed {
            passed.fetch_add(count as u64, Relaxed);
        }
        if to.write_all(bytes).and_then(|()| to.flush()).is_err() {
            break;
        }
    }
}
