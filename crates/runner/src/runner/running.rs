//! What a runner runs. How it is confined is told by whoever implements this.

use std::fmt;
use std::io::{self, Read, Write};

use crate::message::{TerminalSize, Usage};

/// A command that runs, with everything that it started. Dropped, none of that lives any more.
pub trait Running: Send + Sync + 'static {
    /// Waits for the command, and gives its exit code. Called once.
    ///
    /// # Errors
    /// When it cannot be waited for.
    fn wait(&self) -> io::Result<u32>;

    /// Ends the command and everything that it started, whether that lives or not.
    ///
    /// # Errors
    /// When that cannot be done.
    fn end(&self) -> io::Result<()>;

    /// Gives its terminal another size. Called only when it has one.
    ///
    /// # Errors
    /// When that cannot be done.
    fn resize(&self, size: TerminalSize) -> io::Result<()>;

    /// What all of it uses.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn usage(&self) -> io::Result<Usage>;
}

/// A command that was just started, and its streams.
pub struct Launched<G> {
    /// What runs.
    pub running: G,
    /// The command's process id.
    pub pid: u32,
    /// Where its input goes. Dropped, the input is at its end.
    pub stdin: Box<dyn Write + Send>,
    /// Where its output comes from; of a terminal, everything. It ends at the latest after [`Running::end`].
    pub stdout: Box<dyn Read + Send>,
    /// Where its errors come from; a terminal has none.
    pub stderr: Option<Box<dyn Read + Send>>,
}

impl<G: fmt::Debug> fmt::Debug for Launched<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launched").field("running", &self.running).field("pid", &self.pid).finish_non_exhaustive()
    }
}
