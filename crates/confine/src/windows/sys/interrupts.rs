//! Events of the console: Ctrl-C, Ctrl-Break, a closed window.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use super::check;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The system gives about as long when a window is closed, and ends the process when the handler returns.
const LAST_TIME: Duration = Duration::from_secs(5);

/// From now on, Ctrl-C, Ctrl-Break and a closed window are told by [`interrupted`] and end nothing by themselves, so that a
/// run ends in order; a closed window leaves some seconds.
///
/// # Errors
/// When the system does not take the wish.
pub fn heed_interrupts() -> io::Result<()> {
    // SAFETY: the function stays where it is as long as the program lives, and may be called by any thread.
    check(unsafe { SetConsoleCtrlHandler(Some(told), 1) })
}

/// Whether somebody has wanted this program to end.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Relaxed)
}

/// Called by a thread of the system's own.
extern "system" fn told(event: u32) -> BOOL {
    INTERRUPTED.store(true, Relaxed);
    if event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT {
        std::thread::sleep(LAST_TIME);
    }
    1
}
