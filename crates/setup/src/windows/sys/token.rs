//! Who this process is.
#![allow(unsafe_code, reason = "tokens are asked by handles and addresses")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use pinfold_acl::Sid;
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_INFORMATION_CLASS, TOKEN_QUERY, TOKEN_USER, TokenElevation, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::groups::last;
use super::sid::sid_at;
use crate::machine::Fault;

/// A `TOKEN_USER` with its identifier has at most 16 + 68 bytes.
const WORDS: usize = 16;

/// Puts there what the token of this process says. It may name what is behind it, so it stays where it is.
fn ask(what: TOKEN_INFORMATION_CLASS, answer: &mut [u64; WORDS]) -> Result<(), Fault> {
    // SAFETY: takes nothing and cannot fail.
    let process = unsafe { GetCurrentProcess() };
    let mut token = null_mut();
    // SAFETY: the handle is that of this process, and there is room for another.
    if unsafe { OpenProcessToken(process, TOKEN_QUERY, &mut token) } == 0 {
        return Err(last("OpenProcessToken"));
    }
    // SAFETY: it was opened just now, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let (room, mut length) = (size_of_val(answer) as u32, 0);
    // SAFETY: there is as much room as is said.
    let told =
        unsafe { GetTokenInformation(token.as_raw_handle(), what, answer.as_mut_ptr().cast(), room, &mut length) };
    if told == 0 { Err(last("GetTokenInformation")) } else { Ok(()) }
}

pub(crate) fn is_elevated() -> Result<bool, Fault> {
    let mut answer = [0; WORDS];
    ask(TokenElevation, &mut answer)?;
    // SAFETY: this is what was asked for, and fits.
    let elevation = unsafe { answer.as_ptr().cast::<TOKEN_ELEVATION>().read() };
    Ok(elevation.TokenIsElevated != 0)
}

pub(crate) fn user() -> Result<Sid, Fault> {
    let mut answer = [0; WORDS];
    ask(TokenUser, &mut answer)?;
    // SAFETY: this is what was asked for, and fits.
    let user = unsafe { answer.as_ptr().cast::<TOKEN_USER>().read() };
    // SAFETY: the identifier is behind it, within the answer.
    let sid = unsafe { sid_at(user.User.Sid) };
    sid.ok_or(Fault { call: "GetTokenInformation", code: super::groups::NONE_MAPPED })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_user_and_knows_whether_it_is_elevated() {
        let user = user().unwrap();
        assert!(user.to_string().starts_with("S-1-5-"), "{user}");
        // Whichever it is: both answers are possible where tests run.
        is_elevated().unwrap();
    }
}
