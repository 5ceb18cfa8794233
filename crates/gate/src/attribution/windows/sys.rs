//! What the system says of connections and processes, one call in each function.
#![allow(unsafe_code, reason = "the system's functions; each block says why it is sound")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, HANDLE, INVALID_HANDLE_VALUE, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{GetExtendedTcpTable, TCP_TABLE_OWNER_PID_ALL};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW,
};
use windows_sys::core::BOOL;

use crate::limits::TABLE_BYTES_MAX;

/// What is tried first for a table, in bytes: some hundreds of connections.
const TABLE_BYTES: usize = 16 << 10;
/// How often it may have grown before it was read.
const ATTEMPTS: usize = 4;
/// Longest path, in units of UTF-16.
const PATH_UNITS_MAX: usize = 32 << 10;

/// Which connections.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    V4,
    V6,
}

/// The system's table of TCP sockets with their processes, in words: how many there are, and the rows. All of them, as those
/// of which one side has said all do not count as connected everywhere.
pub(super) fn table(family: Family) -> io::Result<Vec<u32>> {
    let family = match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    };
    let mut wanted = TABLE_BYTES;
    for _ in 0..ATTEMPTS {
        let mut words = vec![0_u32; wanted.div_ceil(4)];
        let mut bytes = u32::try_from(words.len() * 4).map_err(io::Error::other)?;
        let to = words.as_mut_ptr().cast();
        // SAFETY: the buffer has that size, and words are what the table is made of.
        let status = unsafe { GetExtendedTcpTable(to, &raw mut bytes, 0, family.into(), TCP_TABLE_OWNER_PID_ALL, 0) };
        match status {
            NO_ERROR => return Ok(words),
            // With room for those that are made meanwhile.
            ERROR_INSUFFICIENT_BUFFER if u64::from(bytes) <= TABLE_BYTES_MAX => wanted = bytes as usize + TABLE_BYTES,
            status => return Err(io::Error::from_raw_os_error(status.cast_signed())),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// The path of a process's program, where it lets itself be opened for that.
pub(super) fn image(pid: u32) -> io::Result<Vec<u16>> {
    // SAFETY: takes numbers, and gives a handle or nothing.
    let process = owned(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) })?;
    let mut path = vec![0; PATH_UNITS_MAX];
    let mut units = PATH_UNITS_MAX as u32;
    let to = path.as_mut_ptr();
    // SAFETY: the handle is open, and the buffer has that many units.
    check(unsafe { QueryFullProcessImageNameW(process.as_raw_handle(), PROCESS_NAME_WIN32, to, &raw mut units) })?;
    path.truncate(units as usize);
    Ok(path)
}

/// The name of a process's file, as everybody may list it.
pub(super) fn listed(pid: u32) -> io::Result<Vec<u16>> {
    // SAFETY: takes numbers, and gives a handle or none.
    let processes = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0) })?;
    let mut entry = PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..PROCESSENTRY32W::default() };
    // SAFETY: the handle is open, and the structure has the size that it tells.
    let mut found = check(unsafe { Process32FirstW(processes.as_raw_handle(), &raw mut entry) });
    while found.is_ok() && entry.th32ProcessID != pid {
        // SAFETY: likewise.
        found = check(unsafe { Process32NextW(processes.as_raw_handle(), &raw mut entry) });
    }
    found.map(|()| entry.szExeFile.into_iter().take_while(|unit| *unit != 0).collect())
}

/// The system's convention: nothing is false, and there is an error number.
fn check(result: BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A handle that a call has just made; null or the invalid one when it failed.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the callers pass what the system has just given to them, which nobody else owns.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
