//! To become more than one is.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr::null;

use pinfold_acl::Level;
use windows_sys::Win32::Foundation::LUID;
use windows_sys::Win32::Security::{
    ImpersonateLoggedOnUser, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_DUPLICATE, TOKEN_IMPERSONATE, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, PROCESS_QUERY_LIMITED_INFORMATION};

use super::super::token::Token;
use super::super::{check, process, wide};

/// Enables a privilege, such as `SeDebugPrivilege`.
pub fn enable_privilege(name: &str) -> io::Result<()> {
    let name = wide(name)?;
    let mut number = LUID::default();
    // SAFETY: the name has its end, and `number` is there to be written.
    check(unsafe { LookupPrivilegeValueW(null(), name.as_ptr(), &raw mut number) })?;
    // SAFETY: takes no pointers, and gives a handle that is never closed.
    let token = Token::of(unsafe { GetCurrentProcess() }, TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY)?;
    token.enable_raw(LUID_AND_ATTRIBUTES { Luid: number, Attributes: SE_PRIVILEGE_ENABLED })
}

/// Sets the integrity of this process to that of the user's programs.
pub fn raise_integrity() -> io::Result<()> {
    Token::own()?.set_integrity(Level::MEDIUM)
}

/// Lets this thread be what another process is, until it ends.
pub fn impersonate(process: u32) -> io::Result<()> {
    let process = process::open(process, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let token = Token::of(process.as_raw_handle(), TOKEN_DUPLICATE | TOKEN_IMPERSONATE | TOKEN_QUERY)?;
    // SAFETY: the handle is open.
    check(unsafe { ImpersonateLoggedOnUser(token.0.as_raw_handle()) })
}
