//! Modes and size of the console that this program was started in.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, DISABLE_NEWLINE_AUTO_RETURN, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT,
    ENABLE_PROCESSED_INPUT, ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    GetConsoleScreenBufferInfo, SetConsoleMode,
};

use super::check;
use super::console::mode;

/// The modes that were there before. They come back when this is dropped.
#[derive(Debug)]
pub(in crate::windows) struct Modes {
    input: (OwnedHandle, CONSOLE_MODE),
    output: (OwnedHandle, CONSOLE_MODE),
}

impl Modes {
    /// Keys and screen as sequences of bytes; nothing where one of both is no console.
    pub(in crate::windows) fn raw() -> io::Result<Option<Self>> {
        let (input, output) = (io::stdin(), io::stdout());
        let (Ok(keys), Ok(screen)) = (mode(input.as_handle()), mode(output.as_handle())) else { return Ok(None) };
        let (input, output) = (input.as_handle().try_clone_to_owned()?, output.as_handle().try_clone_to_owned()?);
        let modes = Self { input: (input, keys), output: (output, screen) };
        let cooked = ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
        set(modes.input.0.as_handle(), keys & !cooked | ENABLE_VIRTUAL_TERMINAL_INPUT)?;
        let sequences = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING | DISABLE_NEWLINE_AUTO_RETURN;
        set(modes.output.0.as_handle(), screen | sequences)?;
        Ok(Some(modes))
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        for (handle, before) in [&self.input, &self.output] {
            // A console that is gone has no modes.
            let _ = set(handle.as_handle(), *before);
        }
    }
}

/// Columns by rows of what is seen.
pub(in crate::windows) fn size(modes: &Modes) -> io::Result<(u16, u16)> {
    let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: the handle is open, and `info` is there to be written.
    check(unsafe { GetConsoleScreenBufferInfo(modes.output.0.as_raw_handle(), &raw mut info) })?;
    let seen = info.srWindow;
    let extent = |from: i16, to: i16| u16::try_from(i32::from(to) - i32::from(from) + 1).unwrap_or(1);
    Ok((extent(seen.Left, seen.Right), extent(seen.Top, seen.Bottom)))
}

fn set(handle: BorrowedHandle<'_>, mode: CONSOLE_MODE) -> io::Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { SetConsoleMode(handle.as_raw_handle(), mode) })
}
