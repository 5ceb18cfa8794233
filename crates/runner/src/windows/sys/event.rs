//! Events.

use std::io;
use std::os::windows::io::OwnedHandle;
use std::ptr;

use windows_sys::Win32::System::Threading::CreateEventW;

use super::owned;

/// One that stays set until the next transfer begins, and is not.
pub(in crate::windows) fn new() -> io::Result<OwnedHandle> {
    // SAFETY: null stands for default security and no name.
    owned(unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) })
}
