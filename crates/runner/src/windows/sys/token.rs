//! The token of this process.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER;
use windows_sys::Win32::Security::{GetLengthSid, GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{check, owned};

/// Its user's identifier, in binary form.
pub(in crate::windows) fn own_user() -> io::Result<Vec<u8>> {
    let token = own_token()?;
    let mut size = 0;
    // SAFETY: without a buffer, only the size that is needed is written.
    let asked =
        check(unsafe { GetTokenInformation(token.as_raw_handle(), TokenUser, ptr::null_mut(), 0, &raw mut size) });
    match asked {
        Err(error) if error.raw_os_error() == Some(ERROR_INSUFFICIENT_BUFFER as i32) => {}
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    // Of words, so that the structure in it is aligned.
    let mut buffer = vec![0_u64; (size as usize).div_ceil(8).max(size_of::<TOKEN_USER>().div_ceil(8))];
    let bytes = (buffer.len() * 8) as u32;
    // SAFETY: the buffer has that size.
    check(unsafe {
        GetTokenInformation(token.as_raw_handle(), TokenUser, buffer.as_mut_ptr().cast(), bytes, &raw mut size)
    })?;
    // SAFETY: the buffer is aligned for the structure, at least as large, and now holds it.
    let user = unsafe { ptr::read(buffer.as_ptr().cast::<TOKEN_USER>()) };
    let sid = user.User.Sid;
    // SAFETY: the identifier lies behind the structure in the buffer, where the system has put a valid one.
    let length = unsafe { GetLengthSid(sid) };
    // SAFETY: likewise, with that length; the buffer lives until the end of this function.
    Ok(unsafe { std::slice::from_raw_parts(sid.cast::<u8>(), length as usize) }.to_vec())
}

fn own_token() -> io::Result<OwnedHandle> {
    let mut token = ptr::null_mut();
    // SAFETY: gives a constant that stands for this process.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the result is written to a place that outlives the call.
    check(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) })?;
    owned(token)
}
