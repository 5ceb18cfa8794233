//! The console of this program, while the command's own takes its place.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, CONSOLE_SCREEN_BUFFER_INFO, DISABLE_NEWLINE_AUTO_RETURN, ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT,
    ENABLE_PROCESSED_INPUT, ENABLE_PROCESSED_OUTPUT, ENABLE_VIRTUAL_TERMINAL_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
    GetConsoleScreenBufferInfo, SetConsoleMode,
};

use super::check;
use super::console::mode;
use super::keys::Keys;

/// Keys go through as they are typed, and what comes is shown as it is, as long as this lives. The modes that were there
/// before come back when it is dropped.
#[derive(Debug)]
pub struct OwnConsole {
    input: (OwnedHandle, CONSOLE_MODE),
    output: (OwnedHandle, CONSOLE_MODE),
}

impl OwnConsole {
    /// Takes it, when both standard input and standard output are one: keys and screen are then sequences of bytes.
    ///
    /// # Errors
    /// When its modes cannot be set.
    pub fn take() -> io::Result<Option<Self>> {
        let (input, output) = (io::stdin(), io::stdout());
        let (Ok(keys), Ok(screen)) = (mode(input.as_handle()), mode(output.as_handle())) else { return Ok(None) };
        let (input, output) = (input.as_handle().try_clone_to_owned()?, output.as_handle().try_clone_to_owned()?);
        let console = Self { input: (input, keys), output: (output, screen) };
        let cooked = ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
        set(console.input.0.as_handle(), keys & !cooked | ENABLE_VIRTUAL_TERMINAL_INPUT)?;
        let sequences = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING | DISABLE_NEWLINE_AUTO_RETURN;
        set(console.output.0.as_handle(), screen | sequences)?;
        Ok(Some(console))
    }

    /// What is typed from now on.
    ///
    /// # Errors
    /// When the system gives no further handle.
    pub fn keys(&self) -> io::Result<Keys> {
        self.input.0.try_clone().map(Keys::new)
    }

    /// How large it is, columns by rows of what is seen.
    ///
    /// # Errors
    /// When it is gone.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let mut info = CONSOLE_SCREEN_BUFFER_INFO::default();
        // SAFETY: the handle is open, and `info` is there to be written.
        check(unsafe { GetConsoleScreenBufferInfo(self.output.0.as_raw_handle(), &raw mut info) })?;
        let seen = info.srWindow;
        let extent = |from: i16, to: i16| u16::try_from(i32::from(to) - i32::from(from) + 1).unwrap_or(1);
        Ok((extent(seen.Left, seen.Right), extent(seen.Top, seen.Bottom)))
    }
}

impl Drop for OwnConsole {
    fn drop(&mut self) {
        for (handle, before) in [&self.input, &self.output] {
            // A console that is gone has no modes.
            let _ = set(handle.as_handle(), *before);
        }
    }
}

fn set(handle: BorrowedHandle<'_>, mode: CONSOLE_MODE) -> io::Result<()> {
    // SAFETY: the handle is open.
    check(unsafe { SetConsoleMode(handle.as_raw_handle(), mode) })
}
