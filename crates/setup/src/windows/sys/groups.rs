//! Local groups and their members (`lmaccess.h`).
#![allow(unsafe_code, reason = "the network functions take and give structures by their addresses")]

use std::ptr::{null, null_mut};

use pinfold_acl::Sid;
use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_MEMBER_IN_ALIAS, ERROR_MEMBER_NOT_IN_ALIAS, ERROR_MORE_DATA, ERROR_NO_SUCH_ALIAS,
    ERROR_NONE_MAPPED, GetLastError,
};
use windows_sys::Win32::NetworkManagement::NetManagement::{
    LOCALGROUP_INFO_1, LOCALGROUP_MEMBERS_INFO_0, MAX_PREFERRED_LENGTH, NERR_GroupNotFound, NetLocalGroupAdd,
    NetLocalGroupAddMembers, NetLocalGroupDel, NetLocalGroupDelMembers, NetLocalGroupGetInfo, NetLocalGroupGetMembers,
};
use windows_sys::Win32::Security::{LookupAccountNameW, LookupAccountSidW, SID_NAME_USE, SidTypeAlias};
use windows_sys::Win32::System::WindowsProgramming::GetComputerNameW;

use super::sid::{SidBytes, sid_at};
use super::users::{NetBuffer, status};
use super::wide::{text_at, wide};
use crate::machine::{Fault, GroupFound};

/// There is nobody of that name or identifier.
pub(crate) const NONE_MAPPED: u32 = ERROR_NONE_MAPPED;
/// `SECURITY_MAX_SID_SIZE`, in words.
const SID_WORDS: usize = 17;
/// `UNLEN` and `DNLEN`, with their ends and more.
const NAME_UNITS: usize = 512;

/// What the last function of this thread failed with.
pub(super) fn last(call: &'static str) -> Fault {
    // SAFETY: takes nothing and cannot fail.
    Fault { call, code: unsafe { GetLastError() } }
}

pub(crate) fn find(name: &str) -> Result<Option<GroupFound>, Fault> {
    let wide_name = wide(name);
    let mut buffer = NetBuffer(null_mut());
    // SAFETY: the name has an end, and there is room for an address.
    let code = unsafe { NetLocalGroupGetInfo(null(), wide_name.as_ptr(), 1, &mut buffer.0) };
    if [NERR_GroupNotFound, ERROR_NO_SUCH_ALIAS].contains(&code) {
        return Ok(None);
    }
    status("NetLocalGroupGetInfo", code)?;
    // SAFETY: at level 1 this is what the function gives, until the buffer goes.
    let info = unsafe { buffer.0.cast::<LOCALGROUP_INFO_1>().read_unaligned() };
    // SAFETY: the comment has an end.
    let comment = unsafe { text_at(info.lgrpi1_comment) };
    Ok(Some(GroupFound { sid: sid_of(name)?, comment }))
}

/// The identifier of a group of this machine.
fn sid_of(name: &str) -> Result<Sid, Fault> {
    let full = wide(&format!(r"{}\{name}", computer_name()?));
    let mut sid = [0_u32; SID_WORDS];
    let mut sid_bytes = size_of_val(&sid) as u32;
    let mut domain = [0_u16; NAME_UNITS];
    let mut domain_units = NAME_UNITS as u32;
    let mut kind: SID_NAME_USE = 0;
    // SAFETY: the name has an end, and there is as much room as is said.
    let found = unsafe {
        LookupAccountNameW(
            null(),
            full.as_ptr(),
            sid.as_mut_ptr().cast(),
            &mut sid_bytes,
            domain.as_mut_ptr(),
            &mut domain_units,
            &mut kind,
        )
    };
    if found == 0 {
        return Err(last("LookupAccountNameW"));
    }
    // SAFETY: the function has put one there.
    let sid = unsafe { sid_at(sid.as_ptr().cast()) };
    sid.filter(|_| kind == SidTypeAlias).ok_or(Fault { call: "LookupAccountNameW", code: NONE_MAPPED })
}

fn computer_name() -> Result<String, Fault> {
    let mut name = [0_u16; NAME_UNITS];
    let mut units = NAME_UNITS as u32;
    // SAFETY: there is as much room as is said.
    if unsafe { GetComputerNameW(name.as_mut_ptr(), &mut units) } == 0 {
        return Err(last("GetComputerNameW"));
    }
    Ok(String::from_utf16_lossy(name.get(..units as usize).unwrap_or_default()))
}

/// The name of a group or an account, which the language of the system decides over for those of its own.
pub(crate) fn name_of(who: &Sid) -> Result<Option<String>, Fault> {
    let sid = SidBytes::new(who);
    let (mut name, mut domain) = ([0_u16; NAME_UNITS], [0_u16; NAME_UNITS]);
    let (mut name_units, mut domain_units) = (NAME_UNITS as u32, NAME_UNITS as u32);
    let mut kind: SID_NAME_USE = 0;
    // SAFETY: the identifier is valid, and there is as much room as is said.
    let found = unsafe {
        LookupAccountSidW(
            null(),
            sid.as_ptr(),
            name.as_mut_ptr(),
            &mut name_units,
            domain.as_mut_ptr(),
            &mut domain_units,
            &mut kind,
        )
    };
    if found == 0 {
        let fault = last("LookupAccountSidW");
        return if fault.code == NONE_MAPPED { Ok(None) } else { Err(fault) };
    }
    let units =
        name.get(..name_units as usize).ok_or(Fault { call: "LookupAccountSidW", code: ERROR_INSUFFICIENT_BUFFER })?;
    Ok(Some(String::from_utf16_lossy(units)))
}

pub(crate) fn members(name: &str) -> Result<Vec<Sid>, Fault> {
    let name = wide(name);
    let (mut members, mut place) = (Vec::new(), 0_usize);
    loop {
        let mut buffer = NetBuffer(null_mut());
        let (mut read, mut total) = (0, 0);
        // SAFETY: the name has an end, and there is room for an address and three numbers.
        let code = unsafe {
            NetLocalGroupGetMembers(
                null(),
                name.as_ptr(),
                0,
                &mut buffer.0,
                MAX_PREFERRED_LENGTH,
                &mut read,
                &mut total,
                &mut place,
            )
        };
        if code != ERROR_MORE_DATA {
            status("NetLocalGroupGetMembers", code)?;
        }
        for number in 0..read as usize {
            let member = buffer.0.cast::<LOCALGROUP_MEMBERS_INFO_0>().wrapping_add(number);
            // SAFETY: at level 0 there are as many of these as were read, until the buffer goes.
            let member = unsafe { member.read_unaligned() };
            // SAFETY: each identifier is valid.
            members.extend(unsafe { sid_at(member.lgrmi0_sid) });
        }
        if code == 0 {
            return Ok(members);
        }
    }
}

pub(crate) fn add(name: &str, comment: &str) -> Result<(), Fault> {
    let (mut name, mut comment) = (wide(name), wide(comment));
    let info = LOCALGROUP_INFO_1 { lgrpi1_name: name.as_mut_ptr(), lgrpi1_comment: comment.as_mut_ptr() };
    // SAFETY: at level 1 this is what the function takes, and both texts have ends.
    status("NetLocalGroupAdd", unsafe { NetLocalGroupAdd(null(), 1, (&raw const info).cast(), null_mut()) })
}

pub(crate) fn remove(name: &str) -> Result<(), Fault> {
    let name = wide(name);
    // SAFETY: the name has an end.
    status("NetLocalGroupDel", unsafe { NetLocalGroupDel(null(), name.as_ptr()) })
}

pub(crate) fn add_member(group: &str, member: &Sid) -> Result<(), Fault> {
    let (group, member) = (wide(group), SidBytes::new(member));
    let info = LOCALGROUP_MEMBERS_INFO_0 { lgrmi0_sid: member.as_ptr() };
    // SAFETY: at level 0 this is what the function takes, once, and the name has an end.
    let code = unsafe { NetLocalGroupAddMembers(null(), group.as_ptr(), 0, (&raw const info).cast(), 1) };
    status("NetLocalGroupAddMembers", if code == ERROR_MEMBER_IN_ALIAS { 0 } else { code })
}

pub(crate) fn remove_member(group: &str, member: &Sid) -> Result<(), Fault> {
    let (group, member) = (wide(group), SidBytes::new(member));
    let info = LOCALGROUP_MEMBERS_INFO_0 { lgrmi0_sid: member.as_ptr() };
    // SAFETY: at level 0 this is what the function takes, once, and the name has an end.
    let code = unsafe { NetLocalGroupDelMembers(null(), group.as_ptr(), 0, (&raw const info).cast(), 1) };
    status("NetLocalGroupDelMembers", if code == ERROR_MEMBER_NOT_IN_ALIAS { 0 } else { code })
}
