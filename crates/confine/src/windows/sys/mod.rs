//! The functions of Windows that are called, each behind one that is safe.
#![allow(unsafe_code, reason = "the functions of Windows are foreign")]

pub(super) mod attack;
pub(super) mod certificates;
pub(super) mod console;
pub(super) mod desktop;
pub(super) mod files;
pub(super) mod interrupts;
pub(super) mod job;
pub(super) mod keys;
pub(super) mod libraries;
pub(super) mod measure;
pub(super) mod own_console;
pub(super) mod process;
pub(super) mod security;
#[cfg(test)]
mod tests;
pub(super) mod token;

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};

use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, ERROR_SUCCESS, HANDLE, INVALID_HANDLE_VALUE, WIN32_ERROR,
};
use windows_sys::Win32::Security::Cryptography::ProcessPrng;
use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;
use windows_sys::Win32::System::Threading::GetCurrentProcess;
use windows_sys::core::BOOL;

/// Whether a call has succeeded, as most of them say it.
fn check(result: BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether a call has succeeded, as those about security say it.
fn check_code(code: WIN32_ERROR) -> io::Result<()> {
    if code == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(code as i32)) }
}

/// The handle that a call has given.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a call has just made it, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// A text with its end.
fn wide(text: &str) -> io::Result<Vec<u16>> {
    if text.contains('\0') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it contains a NUL character"));
    }
    Ok(text.encode_utf16().chain([0]).collect())
}

/// A structure's size as calls want to be told it.
fn size_of<T>() -> u32 {
    // No structure of Windows is larger.
    std::mem::size_of::<T>() as u32
}

/// A second handle to the same, which processes that are started may inherit.
pub(super) fn inheritable(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let mut copy: HANDLE = std::ptr::null_mut();
    // SAFETY: takes no pointers, and gives a handle that is never closed.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the handles are open, and `copy` is there to be written.
    check(unsafe { DuplicateHandle(own, handle.as_raw_handle(), own, &raw mut copy, 0, 1, DUPLICATE_SAME_ACCESS) })?;
    owned(copy)
}

/// Fills a buffer with bytes that nobody can predict.
pub(super) fn random(buffer: &mut [u8]) -> io::Result<()> {
    // SAFETY: the buffer is as long as is said.
    check(unsafe { ProcessPrng(buffer.as_mut_ptr(), buffer.len()) })
}

/// The build of Windows.
pub(super) fn build() -> u32 {
    let mut version = OSVERSIONINFOW { dwOSVersionInfoSize: size_of::<OSVERSIONINFOW>(), ..OSVERSIONINFOW::default() };
    // SAFETY: the structure is as large as it says. The call never fails.
    unsafe { RtlGetVersion(&raw mut version) };
    version.dwBuildNumber
}
