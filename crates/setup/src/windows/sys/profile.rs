//! What an account has stored.
#![allow(unsafe_code, reason = "one function of Windows")]

use std::ptr::null;

use pinfold_acl::Sid;
use windows_sys::Win32::UI::Shell::DeleteProfileW;

use super::groups::last;
use super::wide::wide;
use crate::machine::Fault;

/// Fails while the account is logged on.
pub(crate) fn remove(who: &Sid) -> Result<(), Fault> {
    let who = wide(&who.to_string());
    // SAFETY: the text has an end; path and computer are those of the system.
    if unsafe { DeleteProfileW(who.as_ptr(), null(), null()) } == 0 { Err(last("DeleteProfileW")) } else { Ok(()) }
}
