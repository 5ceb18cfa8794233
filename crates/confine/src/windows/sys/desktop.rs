//! A desktop of the run's own.

use std::io;
use std::ptr::null;

use pinfold_acl::Descriptor;
use windows_sys::Win32::Foundation::GENERIC_ALL;
use windows_sys::Win32::System::StationsAndDesktops::{
    CloseDesktop, CreateDesktopW, GetProcessWindowStation, GetUserObjectInformationW, HDESK, UOI_NAME,
};

use super::security::attributes;
use super::{check, wide};

/// It is there as long as this lives or a process is on it.
#[derive(Debug)]
pub(in crate::windows) struct Desktop {
    handle: HDESK,
    /// What a process is told to be on: with the window station.
    pub(in crate::windows) name: String,
}

// SAFETY: the handle is a number that means the same in every thread of the process.
unsafe impl Send for Desktop {}
// SAFETY: nothing is done with it but to close it at the end.
unsafe impl Sync for Desktop {}

impl Desktop {
    /// Makes one with this name on the caller's window station, open to whom the descriptor lets in.
    pub(in crate::windows) fn new(name: &str, descriptor: &Descriptor) -> io::Result<Self> {
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "the list is too large");
        let mut descriptor = descriptor.to_bytes().ok_or_else(too_large)?;
        let attributes = attributes(&mut descriptor);
        let wide_name = wide(name)?;
        // SAFETY: the name has its end, the attributes live until the call returns, and what must be missing is.
        let handle =
            unsafe { CreateDesktopW(wide_name.as_ptr(), null(), null(), 0, GENERIC_ALL, &raw const attributes) };
        match handle.is_null() {
            true => Err(io::Error::last_os_error()),
            false => Ok(Self { handle, name: format!(r"{}\{name}", station()?) }),
        }
    }
}

/// The window station of this process.
fn station() -> io::Result<String> {
    // SAFETY: takes no pointers, and gives a handle that is not to be closed.
    let station = unsafe { GetProcessWindowStation() };
    let mut name = [0_u16; 256];
    let mut bytes = 0;
    // SAFETY: the buffer is as long as is said.
    check(unsafe {
        GetUserObjectInformationW(
            station,
            UOI_NAME,
            name.as_mut_ptr().cast(),
            std::mem::size_of_val(&name) as u32,
            &raw mut bytes,
        )
    })?;
    let length = name.iter().position(|unit| *unit == 0).unwrap_or(name.len());
    Ok(String::from_utf16_lossy(name.get(..length).unwrap_or_default()))
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // SAFETY: it is open, and no thread of this process is on it.
        unsafe { CloseDesktop(self.handle) };
    }
}
