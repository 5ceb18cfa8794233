//! Libraries that somebody has put beside the program, or into the current directory, are not loaded.

use std::io;

use windows_sys::Win32::System::LibraryLoader::{LOAD_LIBRARY_SEARCH_SYSTEM32, SetDefaultDllDirectories};

use super::check;

/// For the beginning of `main`: from then on libraries come from the system's own directory. What the program is linked with
/// has been loaded before.
///
/// # Errors
/// When the system refuses.
pub fn load_libraries_of_the_system_only() -> io::Result<()> {
    // SAFETY: takes no pointers.
    check(unsafe { SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_takes_the_order() {
        load_libraries_of_the_system_only().unwrap();
    }
}
