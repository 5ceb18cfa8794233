//! Identifiers in memory.
#![allow(unsafe_code, reason = "identifiers of the system are read by their addresses")]

use std::ffi::c_void;

use pinfold_acl::Sid;
use windows_sys::Win32::Security::GetLengthSid;

/// The binary form where a function of the system finds it, aligned as it must be.
pub(super) struct SidBytes(Vec<u32>);

impl SidBytes {
    pub(super) fn new(sid: &Sid) -> Self {
        Self(aligned(&sid.to_bytes()))
    }

    /// Functions that take one change nothing in it.
    pub(super) fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// Bytes of which the first lies as one of a number would.
pub(super) fn aligned(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 4];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        u32::from_ne_bytes(word)
    };
    bytes.chunks(4).map(word).collect()
}

/// An identifier of the system; `None` where there is none.
///
/// # Safety
/// `sid` is null or points to a valid identifier.
pub(super) unsafe fn sid_at(sid: *const c_void) -> Option<Sid> {
    if sid.is_null() {
        return None;
    }
    // SAFETY: by the caller's promise it is valid.
    let length = unsafe { GetLengthSid(sid.cast_mut()) };
    // SAFETY: a valid identifier has this many bytes.
    let bytes = unsafe { std::slice::from_raw_parts(sid.cast::<u8>(), length as usize) };
    Sid::parse(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back() {
        for text in ["S-1-1-0", "S-1-5-32-544", "S-1-5-21-1-2-4294967295-1001"] {
            let sid: Sid = text.parse().unwrap();
            let bytes = SidBytes::new(&sid);
            // SAFETY: it is the binary form of a valid one.
            assert_eq!(unsafe { sid_at(bytes.as_ptr()) }, Some(sid));
        }
    }
}
