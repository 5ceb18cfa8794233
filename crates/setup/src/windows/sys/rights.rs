//! Rights and denials by name (`ntsecapi.h`).
#![allow(unsafe_code, reason = "the local security authority takes and gives structures by their addresses")]

use std::collections::BTreeSet;
use std::ptr::{null, null_mut};

use pinfold_acl::Sid;
use windows_sys::Win32::Foundation::{NTSTATUS, STATUS_OBJECT_NAME_NOT_FOUND};
use windows_sys::Win32::Security::Authentication::Identity::{
    LSA_HANDLE, LSA_OBJECT_ATTRIBUTES, LSA_UNICODE_STRING, LsaAddAccountRights, LsaClose, LsaEnumerateAccountRights,
    LsaFreeMemory, LsaNtStatusToWinError, LsaOpenPolicy, LsaRemoveAccountRights, POLICY_CREATE_ACCOUNT,
    POLICY_LOOKUP_NAMES,
};

use super::sid::SidBytes;
use super::wide::wide;
use crate::machine::Fault;

fn status(call: &'static str, status: NTSTATUS) -> Result<(), Fault> {
    if status >= 0 {
        return Ok(());
    }
    // SAFETY: takes a number.
    Err(Fault { call, code: unsafe { LsaNtStatusToWinError(status) } })
}

/// The policy of this machine, opened.
struct Policy(LSA_HANDLE);

impl Policy {
    fn open(access: i32) -> Result<Self, Fault> {
        // All of it is unused, and zero.
        let attributes = LSA_OBJECT_ATTRIBUTES::default();
        let mut policy = Self(0);
        // SAFETY: there are attributes, and room for a handle.
        let opened = unsafe { LsaOpenPolicy(null(), &attributes, access as u32, &mut policy.0) };
        status("LsaOpenPolicy", opened).map(|()| policy)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.0 != 0 {
            // SAFETY: it was opened, and is not used any more.
            unsafe { LsaClose(self.0) };
        }
    }
}

/// Texts that the authority has given.
struct Texts(*mut LSA_UNICODE_STRING, u32);

impl Drop for Texts {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: they were given by the authority, and are not used any more.
            unsafe { LsaFreeMemory(self.0.cast()) };
        }
    }
}

pub(crate) fn of(who: &Sid) -> Result<BTreeSet<String>, Fault> {
    let policy = Policy::open(POLICY_LOOKUP_NAMES)?;
    let who = SidBytes::new(who);
    let mut texts = Texts(null_mut(), 0);
    // SAFETY: the identifier is valid, and there is room for an address and a number.
    let found = unsafe { LsaEnumerateAccountRights(policy.0, who.as_ptr(), &mut texts.0, &mut texts.1) };
    if found == STATUS_OBJECT_NAME_NOT_FOUND {
        return Ok(BTreeSet::new());
    }
    status("LsaEnumerateAccountRights", found)?;
    let mut rights = BTreeSet::new();
    for number in 0..texts.1 as usize {
        // SAFETY: there are as many as was said.
        let text = unsafe { texts.0.wrapping_add(number).read_unaligned() };
        if text.Buffer.is_null() {
            continue;
        }
        // SAFETY: each has so many bytes.
        let units = unsafe { std::slice::from_raw_parts(text.Buffer, usize::from(text.Length) / 2) };
        rights.insert(String::from_utf16_lossy(units));
    }
    Ok(rights)
}

pub(crate) fn grant(who: &Sid, right: &str) -> Result<(), Fault> {
    let policy = Policy::open(POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT)?;
    let (who, mut right) = (SidBytes::new(who), wide(right));
    let text = counted(&mut right);
    // SAFETY: the identifier is valid, and there is one text.
    status("LsaAddAccountRights", unsafe { LsaAddAccountRights(policy.0, who.as_ptr(), &text, 1) })
}

pub(crate) fn revoke(who: &Sid, right: &str) -> Result<(), Fault> {
    let policy = Policy::open(POLICY_LOOKUP_NAMES)?;
    let (who, mut right) = (SidBytes::new(who), wide(right));
    let text = counted(&mut right);
    // SAFETY: the identifier is valid, and there is one text.
    status("LsaRemoveAccountRights", unsafe { LsaRemoveAccountRights(policy.0, who.as_ptr(), false, &text, 1) })
}

/// A text by its length in bytes, without its end. Names of rights are short.
fn counted(text: &mut [u16]) -> LSA_UNICODE_STRING {
    let bytes = (text.len().saturating_sub(1) * 2) as u16;
    LSA_UNICODE_STRING { Length: bytes, MaximumLength: bytes + 2, Buffer: text.as_mut_ptr() }
}
