//! Handles that somebody left open.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;
use std::ptr::{null_mut, without_provenance_mut};

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::{FILE_TYPE_DISK, FILE_TYPE_PIPE, GetFileType, ReadFile};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::super::{check, inheritable};

/// A second handle to the same file, which every process that is started with handles inherits.
pub fn inheritable_copy(of: &impl AsHandle) -> io::Result<File> {
    Ok(inheritable(of.as_handle())?.into())
}

/// Reads by a handle of this process, whatever it is, as long as that need not wait.
pub fn read_handle(number: usize) -> io::Result<Vec<u8>> {
    let handle: HANDLE = without_provenance_mut(number);
    let (mut bytes, mut read) = (vec![0_u8; 256], 0);
    // SAFETY: takes a number, which need not be that of a handle.
    match unsafe { GetFileType(handle) } {
        FILE_TYPE_DISK => {
            // SAFETY: the buffer is as long as is said, and `read` is there to be written.
            check(unsafe { ReadFile(handle, bytes.as_mut_ptr(), 256, &raw mut read, null_mut()) })?;
        }
        FILE_TYPE_PIPE => {
            // SAFETY: the buffer is as long as is said, `read` is there to be written, and what may be missing is.
            check(unsafe {
                PeekNamedPipe(handle, bytes.as_mut_ptr().cast(), 256, &raw mut read, null_mut(), null_mut())
            })?;
        }
        _ => return Err(io::ErrorKind::NotFound.into()),
    }
    bytes.truncate(read as usize);
    Ok(bytes)
}
