//! Local accounts (`lmaccess.h`).
#![allow(unsafe_code, reason = "the network functions take and give structures by their addresses")]

use std::ptr::{null, null_mut};

use pinfold_plan::windows::accounts::AccountFlags;
use windows_sys::Win32::NetworkManagement::NetManagement::{
    NERR_UserNotFound, NetApiBufferFree, NetUserAdd, NetUserDel, NetUserGetInfo, NetUserSetInfo, USER_INFO_1,
    USER_INFO_23, USER_INFO_1003, USER_INFO_1008, USER_PRIV_USER,
};

use super::sid::sid_at;
use super::wide::{text_at, wide};
use crate::machine::{AccountFound, Fault};
use crate::password::Secret;

/// What a network function gives back.
pub(super) fn status(call: &'static str, code: u32) -> Result<(), Fault> {
    if code == 0 { Ok(()) } else { Err(Fault { call, code }) }
}

/// Memory that a network function has given.
pub(super) struct NetBuffer(pub(super) *mut u8);

impl Drop for NetBuffer {
    fn drop(&mut self) {
        // SAFETY: it was given by a network function, or is null, and is not used any more.
        unsafe { NetApiBufferFree(self.0.cast()) };
    }
}

pub(crate) fn find(name: &str) -> Result<Option<AccountFound>, Fault> {
    let name = wide(name);
    let mut buffer = NetBuffer(null_mut());
    // SAFETY: the name has an end, and there is room for an address.
    let code = unsafe { NetUserGetInfo(null(), name.as_ptr(), 23, &mut buffer.0) };
    if code == NERR_UserNotFound {
        return Ok(None);
    }
    status("NetUserGetInfo", code)?;
    // SAFETY: at level 23 this is what the function gives, until the buffer goes.
    let info = unsafe { buffer.0.cast::<USER_INFO_23>().read_unaligned() };
    // SAFETY: the comment has an end.
    let comment = unsafe { text_at(info.usri23_comment) };
    // SAFETY: the identifier is valid.
    let sid = unsafe { sid_at(info.usri23_user_sid) };
    let sid = sid.ok_or(Fault { call: "NetUserGetInfo", code: super::groups::NONE_MAPPED })?;
    Ok(Some(AccountFound { sid, comment, flags: AccountFlags(info.usri23_flags) }))
}

pub(crate) fn add(name: &str, comment: &str, flags: AccountFlags, password: &Secret) -> Result<(), Fault> {
    let (mut name, mut comment, mut password) = (wide(name), wide(comment), password.to_wide());
    let info = USER_INFO_1 {
        usri1_name: name.as_mut_ptr(),
        usri1_password: password.as_mut_ptr(),
        usri1_password_age: 0,
        usri1_priv: USER_PRIV_USER,
        usri1_home_dir: null_mut(),
        usri1_comment: comment.as_mut_ptr(),
        usri1_flags: flags.0,
        usri1_script_path: null_mut(),
    };
    // SAFETY: at level 1 this is what the function takes, and all texts have ends.
    status("NetUserAdd", unsafe { NetUserAdd(null(), 1, (&raw const info).cast(), null_mut()) })
}

pub(crate) fn set_flags(name: &str, flags: AccountFlags) -> Result<(), Fault> {
    let name = wide(name);
    let info = USER_INFO_1008 { usri1008_flags: flags.0 };
    // SAFETY: at level 1008 this is what the function takes, and the name has an end.
    status("NetUserSetInfo", unsafe {
        NetUserSetInfo(null(), name.as_ptr(), 1008, (&raw const info).cast(), null_mut())
    })
}

pub(crate) fn set_password(name: &str, password: &Secret) -> Result<(), Fault> {
    let (name, mut password) = (wide(name), password.to_wide());
    let info = USER_INFO_1003 { usri1003_password: password.as_mut_ptr() };
    // SAFETY: at level 1003 this is what the function takes, and both texts have ends.
    status("NetUserSetInfo", unsafe {
        NetUserSetInfo(null(), name.as_ptr(), 1003, (&raw const info).cast(), null_mut())
    })
}

pub(crate) fn remove(name: &str) -> Result<(), Fault> {
    let name = wide(name);
    // SAFETY: the name has an end.
    status("NetUserDel", unsafe { NetUserDel(null(), name.as_ptr()) })
}
