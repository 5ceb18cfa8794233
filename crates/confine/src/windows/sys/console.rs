//! Pseudo consoles: terminals for programs that think they have a window.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, COORD, ClosePseudoConsole, CreatePseudoConsole, GetConsoleMode, HPCON, ResizePseudoConsole,
};
use windows_sys::core::HRESULT;

use super::check;

/// One that is there as long as this lives. When it goes, what is attached to it is told to end.
#[derive(Debug)]
pub(in crate::windows) struct PseudoConsole(pub(super) HPCON);

impl PseudoConsole {
    /// One that reads keys from `input` and writes its screen to `output`, columns by rows.
    pub(in crate::windows) fn new(size: (u16, u16), input: &OwnedHandle, output: &OwnedHandle) -> io::Result<Self> {
        let mut console: HPCON = 0;
        // SAFETY: both handles are open, and `console` is there to be written.
        succeeded(unsafe {
            CreatePseudoConsole(coord(size), input.as_raw_handle(), output.as_raw_handle(), 0, &raw mut console)
        })?;
        Ok(Self(console))
    }

    /// Gives it another size, columns by rows.
    pub(in crate::windows) fn resize(&self, size: (u16, u16)) -> io::Result<()> {
        // SAFETY: it is open.
        succeeded(unsafe { ResizePseudoConsole(self.0, coord(size)) })
    }
}

impl Drop for PseudoConsole {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody uses it after this.
        unsafe { ClosePseudoConsole(self.0) };
    }
}

/// Whether a handle leads to a console: to keys that somebody types and to a screen.
pub(in crate::windows) fn is_console(handle: BorrowedHandle<'_>) -> bool {
    mode(handle).is_ok()
}

/// The mode that a console has. What is none has no mode.
pub(super) fn mode(handle: BorrowedHandle<'_>) -> io::Result<CONSOLE_MODE> {
    let mut mode = 0;
    // SAFETY: the handle is open, and `mode` is there to be written.
    check(unsafe { GetConsoleMode(handle.as_raw_handle(), &raw mut mode) })?;
    Ok(mode)
}

fn coord((columns, rows): (u16, u16)) -> COORD {
    let part = |number| i16::try_from(number).unwrap_or(i16::MAX);
    COORD { X: part(columns), Y: part(rows) }
}

fn succeeded(result: HRESULT) -> io::Result<()> {
    // What comes from the system has its code in the lower half.
    if result < 0 { Err(io::Error::from_raw_os_error(result & 0xffff)) } else { Ok(()) }
}
