//! Events.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

use super::{check, owned};

/// One that stays set until the next transfer begins, and is not.
pub(in crate::windows) fn new() -> io::Result<OwnedHandle> {
    // SAFETY: null stands for default security and no name.
    owned(unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) })
}

/// Sets one.
pub(in crate::windows) fn set(event: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes a handle that is open by its lifetime.
    check(unsafe { SetEvent(event.as_raw_handle()) })
}
