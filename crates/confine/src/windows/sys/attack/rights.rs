//! To become more than one is.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use pinfold_acl::Level;
use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, HANDLE, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, ImpersonateLoggedOnUser, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED,
    TOKEN_ACCESS_MASK, TOKEN_ADJUST_PRIVILEGES, TOKEN_DUPLICATE, TOKEN_IMPERSONATE, TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION};

use super::super::token::Token;
use super::super::{check, owned, wide};
use super::processes;

/// Enables a privilege, such as `SeDebugPrivilege`.
pub fn enable_privilege(name: &str) -> io::Result<()> {
    let name = wide(name)?;
    let mut number = LUID::default();
    // SAFETY: the name has its end, and `number` is there to be written.
    check(unsafe { LookupPrivilegeValueW(null(), name.as_ptr(), &raw mut number) })?;
    // SAFETY: takes no pointers, and gives a handle that is never closed.
    let token = open_token(unsafe { GetCurrentProcess() }, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
    let enabled = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: number, Attributes: SE_PRIVILEGE_ENABLED }],
    };
    let enabled = &raw const enabled;
    // SAFETY: the list has one privilege, as it says, and what may be missing is.
    check(unsafe { AdjustTokenPrivileges(token.as_raw_handle(), 0, enabled, 0, null_mut(), null_mut()) })?;
    // The call succeeds even where the token has no such privilege, and says so this way only.
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(ERROR_NOT_ALL_ASSIGNED as i32) { Err(error) } else { Ok(()) }
}

/// Sets the integrity of this process to that of the user's programs.
pub fn raise_integrity() -> io::Result<()> {
    Token::own()?.set_integrity(Level::MEDIUM)
}

/// Lets this thread be what another process is, until it ends.
pub fn impersonate(process: u32) -> io::Result<()> {
    let process = processes::open(process, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let token = open_token(process.as_raw_handle(), TOKEN_DUPLICATE | TOKEN_IMPERSONATE | TOKEN_QUERY)?;
    // SAFETY: the handle is open.
    check(unsafe { ImpersonateLoggedOnUser(token.as_raw_handle()) })
}

fn open_token(process: HANDLE, access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    let mut token: HANDLE = null_mut();
    // SAFETY: the handle is open, and `token` is there to be written.
    check(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
    owned(token)
}
