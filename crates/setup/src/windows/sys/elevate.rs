//! Starting a program with the rights of an administrator.
#![allow(unsafe_code, reason = "the shell takes a structure by its address")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{GetExitCodeProcess, INFINITE, WaitForSingleObject};
use windows_sys::Win32::UI::Shell::{SEE_MASK_NOASYNC, SEE_MASK_NOCLOSEPROCESS, SHELLEXECUTEINFOW, ShellExecuteExW};
use windows_sys::Win32::UI::WindowsAndMessaging::SW_HIDE;

use super::groups::last;
use super::wide::wide;
use crate::machine::Fault;

/// Asks the user, starts the program and waits for its end: its exit code.
pub(crate) fn run(program: &str, parameters: &str) -> Result<u32, Fault> {
    let (verb, program, parameters) = (wide("runas"), wide(program), wide(parameters));
    let mut info = SHELLEXECUTEINFOW {
        cbSize: size_of::<SHELLEXECUTEINFOW>() as u32,
        fMask: SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC,
        lpVerb: verb.as_ptr(),
        lpFile: program.as_ptr(),
        lpParameters: parameters.as_ptr(),
        nShow: SW_HIDE,
        ..Default::default()
    };
    // SAFETY: all texts have ends, and the structure says how long it is.
    if unsafe { ShellExecuteExW(&mut info) } == 0 {
        return Err(last("ShellExecuteExW"));
    }
    if info.hProcess.is_null() {
        return Err(Fault { call: "ShellExecuteExW", code: 0 });
    }
    // SAFETY: it was opened for us, and nobody else closes it.
    let process = unsafe { OwnedHandle::from_raw_handle(info.hProcess) };
    // SAFETY: the handle is open.
    if unsafe { WaitForSingleObject(process.as_raw_handle(), INFINITE) } != WAIT_OBJECT_0 {
        return Err(last("WaitForSingleObject"));
    }
    let mut code = 0;
    // SAFETY: the handle is open, and there is room for a number.
    if unsafe { GetExitCodeProcess(process.as_raw_handle(), &mut code) } == 0 {
        return Err(last("GetExitCodeProcess"));
    }
    Ok(code)
}
