//! A terminal of the command's own.

use std::io::{self, PipeReader, PipeWriter};
use std::os::windows::io::OwnedHandle;

use crate::windows::sys::console::PseudoConsole;

/// What the command sees as its console, and its other end.
#[derive(Debug)]
pub struct Terminal {
    pub(super) console: PseudoConsole,
    /// What is typed goes here.
    pub keys: PipeWriter,
    /// What is shown comes from here. It must be read until it ends, and it ends when the terminal is dropped.
    pub screen: Option<PipeReader>,
}

impl Terminal {
    /// One of a size, columns by rows.
    pub fn new(size: (u16, u16)) -> io::Result<Self> {
        let (typed, keys) = io::pipe()?;
        let (screen, shown) = io::pipe()?;
        // The console has its own handles to these ends.
        let console = PseudoConsole::new(size, &OwnedHandle::from(typed), &OwnedHandle::from(shown))?;
        Ok(Self { console, keys, screen: Some(screen) })
    }

    /// Gives it another size, columns by rows.
    pub fn resize(&self, size: (u16, u16)) -> io::Result<()> {
        self.console.resize(size)
    }
}
