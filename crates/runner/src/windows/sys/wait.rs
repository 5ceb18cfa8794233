//! Waiting.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::time::Duration;

use windows_sys::Win32::Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{INFINITE, WaitForMultipleObjects};

/// Which of them is signalled, the first if both are; nothing when the time is over.
pub(in crate::windows) fn for_any(handles: [BorrowedHandle<'_>; 2], time: Duration) -> io::Result<Option<usize>> {
    let handles = handles.map(|handle| handle.as_raw_handle());
    let time_ms = u32::try_from(time.as_millis()).unwrap_or(INFINITE).min(INFINITE - 1);
    // SAFETY: there are two handles, which are open by their lifetimes.
    match unsafe { WaitForMultipleObjects(2, handles.as_ptr(), 0, time_ms) } {
        WAIT_TIMEOUT => Ok(None),
        number if number.wrapping_sub(WAIT_OBJECT_0) < 2 => Ok(Some((number - WAIT_OBJECT_0) as usize)),
        _ => Err(io::Error::last_os_error()),
    }
}
