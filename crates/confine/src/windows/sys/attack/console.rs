//! Consoles of others.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::System::Console::{
    AttachConsole, FreeConsole, GetNumberOfConsoleInputEvents, INPUT_RECORD, INPUT_RECORD_0, KEY_EVENT,
    KEY_EVENT_RECORD, WriteConsoleInputW,
};

use super::super::check;

/// A key that no keyboard has, F24: whoever reads it does nothing.
const KEY: u16 = 0x87;

/// Joins the console of a process, and types a key there.
pub fn type_into(process: u32) -> io::Result<()> {
    // SAFETY: takes no pointers. A process that has no console stays without one.
    unsafe { FreeConsole() };
    // SAFETY: takes no pointers.
    check(unsafe { AttachConsole(process) })?;
    let event = KEY_EVENT_RECORD { bKeyDown: 1, wRepeatCount: 1, wVirtualKeyCode: KEY, ..KEY_EVENT_RECORD::default() };
    let record = INPUT_RECORD { EventType: KEY_EVENT as u16, Event: INPUT_RECORD_0 { KeyEvent: event } };
    let (input, mut written) = (input()?, 0);
    // SAFETY: the record is one, as is said, and `written` is there to be written.
    check(unsafe { WriteConsoleInputW(input.as_raw_handle(), &raw const record, 1, &raw mut written) })
}

/// How many events wait in the console of this process.
pub fn pending_input() -> io::Result<u32> {
    let (input, mut count) = (input()?, 0);
    // SAFETY: `count` is there to be written.
    check(unsafe { GetNumberOfConsoleInputEvents(input.as_raw_handle(), &raw mut count) })?;
    Ok(count)
}

fn input() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("CONIN$")
}
