//! Where libraries are loaded from.

use std::io;

use windows_sys::Win32::System::LibraryLoader::{LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories};

use super::check;

/// From here on, libraries that are loaded by their names alone are those of the system.
pub(in crate::windows) fn of_the_system_only() -> io::Result<()> {
    // SAFETY: takes no pointers.
    check(unsafe { SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) })
}
