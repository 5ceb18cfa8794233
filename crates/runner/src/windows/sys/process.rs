//! Processes.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessWithLogonW, GetExitCodeProcess,
    LOGON_WITH_PROFILE, PROCESS_INFORMATION, ResumeThread, STARTUPINFOW, TerminateProcess,
};

use super::super::process::Invocation;
use super::{check, owned, size_of};

/// The exit code of what is ended from outside.
pub(super) const ENDED: u32 = 1;

const HOW: u32 = CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT;

/// A process that waits, with its thread.
#[derive(Debug)]
pub(in crate::windows) struct Started {
    pub(in crate::windows) process: OwnedHandle,
    pub(in crate::windows) thread: OwnedHandle,
    pub(in crate::windows) pid: u32,
}

impl Started {
    fn new(information: &PROCESS_INFORMATION) -> io::Result<Self> {
        let (process, thread) = (owned(information.hProcess), owned(information.hThread));
        Ok(Self { process: process?, thread: thread?, pid: information.dwProcessId })
    }
}

/// Starts one for an account of this machine, with its profile and its variables. It inherits no handle.
pub(in crate::windows) fn log_on(name: &[u16], password: &[u16], invocation: &Invocation) -> io::Result<Started> {
    let this_machine = [b'.'.into(), 0_u16];
    let startup = STARTUPINFOW { cb: size_of::<STARTUPINFOW>(), ..STARTUPINFOW::default() };
    let mut line = invocation.line.clone();
    let mut information = PROCESS_INFORMATION::default();
    // SAFETY: all texts end with a zero and outlive the call, the command line is the call's to change, null stands for
    // the account's own variables, and the structures have the sizes that they tell.
    let done = unsafe {
        CreateProcessWithLogonW(
            name.as_ptr(),
            this_machine.as_ptr(),
            password.as_ptr(),
            LOGON_WITH_PROFILE,
            invocation.program.as_ptr(),
            line.as_mut_ptr(),
            HOW,
            ptr::null(),
            invocation.directory.as_ptr(),
            &raw const startup,
            &raw mut information,
        )
    };
    check(done)?;
    Started::new(&information)
}

/// Starts one as the caller is, with its variables.
#[cfg(any(test, feature = "plumbing"))]
pub(in crate::windows) fn plainly(invocation: &Invocation) -> io::Result<Started> {
    let startup = STARTUPINFOW { cb: size_of::<STARTUPINFOW>(), ..STARTUPINFOW::default() };
    let mut line = invocation.line.clone();
    let mut information = PROCESS_INFORMATION::default();
    // SAFETY: as above; null stands for default security.
    let done = unsafe {
        windows_sys::Win32::System::Threading::CreateProcessW(
            invocation.program.as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            0,
            HOW,
            ptr::null(),
            invocation.directory.as_ptr(),
            &raw const startup,
            &raw mut information,
        )
    };
    check(done)?;
    Started::new(&information)
}

/// Lets a thread run that waits since its start.
pub(in crate::windows) fn resume(thread: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes a handle that is open by its lifetime.
    match unsafe { ResumeThread(thread.as_raw_handle()) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Ends a process.
pub(in crate::windows) fn terminate(process: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes a handle that is open by its lifetime.
    check(unsafe { TerminateProcess(process.as_raw_handle(), ENDED) })
}

/// The exit code of one that has ended.
pub(in crate::windows) fn code(process: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut code = 0;
    // SAFETY: the number is written to a place that outlives the call.
    check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) })?;
    Ok(code)
}
