//! Under whom processes run.
#![allow(unsafe_code, reason = "the list of processes is given by its address")]

use std::collections::BTreeSet;
use std::ptr::null_mut;

use pinfold_acl::Sid;
use windows_sys::Win32::System::RemoteDesktop::{
    WTS_CURRENT_SERVER_HANDLE, WTS_PROCESS_INFOW, WTSEnumerateProcessesW, WTSFreeMemory,
};

use super::groups::last;
use super::sid::sid_at;
use crate::machine::Fault;

/// Processes that the system has listed.
struct Listed(*mut WTS_PROCESS_INFOW, u32);

impl Drop for Listed {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was given by the system, and is not used any more.
            unsafe { WTSFreeMemory(self.0.cast()) };
        }
    }
}

/// The users of all processes; administrators are told those of others as well.
pub(crate) fn users() -> Result<BTreeSet<Sid>, Fault> {
    let mut listed = Listed(null_mut(), 0);
    // SAFETY: there is room for an address and a number.
    let told = unsafe { WTSEnumerateProcessesW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &mut listed.0, &mut listed.1) };
    if told == 0 {
        return Err(last("WTSEnumerateProcessesW"));
    }
    let mut users = BTreeSet::new();
    for number in 0..listed.1 as usize {
        // SAFETY: there are as many as was said.
        let process = unsafe { listed.0.wrapping_add(number).read() };
        // SAFETY: the identifier is valid, or null.
        users.extend(unsafe { sid_at(process.pUserSid) });
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wine tells of processes, but not of their users.
    #[test]
    fn processes_are_listed() {
        users().unwrap();
    }
}
