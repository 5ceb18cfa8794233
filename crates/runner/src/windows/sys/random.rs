//! The system's generator for cryptography.

use std::io;
use std::ptr;

use windows_sys::Win32::Security::Cryptography::{BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom};

/// Fills it.
pub(in crate::windows) fn fill(bits: &mut [u8; 16]) -> io::Result<()> {
    // SAFETY: the buffer has that size; no algorithm is named, as the flag wants it.
    let status = unsafe { BCryptGenRandom(ptr::null_mut(), bits.as_mut_ptr(), 16, BCRYPT_USE_SYSTEM_PREFERRED_RNG) };
    if status == 0 { Ok(()) } else { Err(io::Error::other("the system's random numbers failed")) }
}
