//! Starting a program with the rights of an administrator.
#![allow(unsafe_code, reason = "the shell takes a structure by its address")]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, WAIT_OBJECT_0};
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
use windows_sys::Win32::System::Threading::{GetExitCodeProcess, INFINITE, WaitForSingleObject};
use windows_sys::Win32::UI::Shell::{SEE_MASK_NOASYNC, SEE_MASK_NOCLOSEPROCESS, SHELLEXECUTEINFOW, ShellExecuteExW};
use windows_sys::Win32::UI::WindowsAndMessaging::SW_HIDE;

use super::groups::last;
use super::wide::wide;
use crate::machine::Fault;

/// `MAX_PATH`.
const PATH_UNITS: usize = 260;

/// Asks the user, starts the program and waits for its end: its exit code.
pub(crate) fn run(program: &str, parameters: &str) -> Result<u32, Fault> {
    let (verb, program, parameters) = (wide("runas"), wide(program), wide(parameters));
    let directory = system_directory()?;
    let mut info = SHELLEXECUTEINFOW {
        cbSize: size_of::<SHELLEXECUTEINFOW>() as u32,
        fMask: SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC,
        lpVerb: verb.as_ptr(),
        lpFile: program.as_ptr(),
        lpParameters: parameters.as_ptr(),
        // Not that of the caller, in which a library may lie.
        lpDirectory: directory.as_ptr(),
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

/// Where the system's own libraries are, with its end.
fn system_directory() -> Result<[u16; PATH_UNITS], Fault> {
    let mut path = [0; PATH_UNITS];
    // SAFETY: there is as much room as is said.
    match unsafe { GetSystemDirectoryW(path.as_mut_ptr(), PATH_UNITS as u32) } as usize {
        0 => Err(last("GetSystemDirectoryW")),
        length if length < PATH_UNITS => Ok(path),
        _ => Err(Fault { call: "GetSystemDirectoryW", code: ERROR_INSUFFICIENT_BUFFER }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_in_a_directory() {
        let path = system_directory().unwrap();
        let length = path.iter().position(|unit| *unit == 0).unwrap();
        assert!(String::from_utf16_lossy(&path[..length]).to_lowercase().ends_with(r"\system32"));
    }
}
