//! The system's calls, one in each function. Handles come in borrowed and go out owned.
#![allow(unsafe_code, reason = "the system's functions; each block says why it is sound")]

pub(super) mod event;
pub(super) mod job;
pub(super) mod pipe;
pub(super) mod process;
pub(super) mod random;
pub(super) mod token;
pub(super) mod transfer;
pub(super) mod wait;

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::core::BOOL;

/// The system's convention: nothing is false, and there is an error number.
fn check(result: BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A handle that a call has just made; null or the invalid one when it failed.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the callers pass what the system has just given to them, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The size of a structure, as the system wants it.
const fn size_of<T>() -> u32 {
    // All of them are small.
    std::mem::size_of::<T>() as u32
}
