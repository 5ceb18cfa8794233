//! The console of this program, while the command's own takes its place.

use std::io;

use crate::windows::sys::own_console::{self, Modes};

/// Keys go through as they are typed, and what comes is shown as it is, as long as this lives.
#[derive(Debug)]
pub struct OwnConsole(Modes);

impl OwnConsole {
    /// Takes it, when both standard input and standard output are one.
    ///
    /// # Errors
    /// When its modes cannot be set.
    pub fn take() -> io::Result<Option<Self>> {
        Ok(Modes::raw()?.map(Self))
    }

    /// How large it is, columns by rows.
    ///
    /// # Errors
    /// When it is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        own_console::size(&self.0)
    }
}
