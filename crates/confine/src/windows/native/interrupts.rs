//! What ends this program from its console: told, so that a run ends in order.

use std::io;

use crate::windows::sys::interrupts;

/// From now on, Ctrl-C, Ctrl-Break and a closed window are told by [`interrupted`] and end nothing by themselves; a closed
/// window leaves some seconds.
///
/// # Errors
/// When the system does not take the wish.
pub fn heed_interrupts() -> io::Result<()> {
    interrupts::heed()
}

/// Whether somebody has wanted this program to end.
pub fn interrupted() -> bool {
    interrupts::interrupted()
}
