//! Access lists and labels of what a handle is open to, in their binary forms.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use pinfold_acl::Descriptor;
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{GetSecurityInfo, SE_FILE_OBJECT, SetSecurityInfo};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetSecurityDescriptorLength,
    LABEL_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES,
};

use super::{check_code, size_of};

/// The descriptor of a file, with its label.
pub(in crate::windows) fn read(file: &OwnedHandle) -> io::Result<Descriptor> {
    let wanted = OWNER_SECURITY_INFORMATION
        | GROUP_SECURITY_INFORMATION
        | DACL_SECURITY_INFORMATION
        | LABEL_SECURITY_INFORMATION;
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: the handle is open, `descriptor` is there to be written, and what may be missing is.
    check_code(unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            wanted,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    })?;
    let descriptor = Allocated(descriptor);
    let found = Descriptor::parse(descriptor.bytes());
    found.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Writes the lists that are given, and lets what is below inherit them. The system list is that with the label.
pub(in crate::windows) fn write(file: &OwnedHandle, dacl: Option<&[u8]>, sacl: Option<&[u8]>) -> io::Result<()> {
    let list = |bytes: Option<&[u8]>| bytes.map_or(null(), |bytes| bytes.as_ptr().cast::<ACL>());
    let which = |given: Option<&[u8]>, bit| if given.is_some() { bit } else { 0 };
    let which = which(dacl, DACL_SECURITY_INFORMATION) | which(sacl, LABEL_SECURITY_INFORMATION);
    // SAFETY: the handle is open, and the lists are whole and live until the call returns.
    check_code(unsafe {
        SetSecurityInfo(file.as_raw_handle(), SE_FILE_OBJECT, which, null_mut(), null_mut(), list(dacl), list(sacl))
    })
}

/// What a call has allocated.
struct Allocated(PSECURITY_DESCRIPTOR);

impl Allocated {
    fn bytes(&self) -> &[u8] {
        // SAFETY: it is a descriptor that the system has made.
        let length = unsafe { GetSecurityDescriptorLength(self.0) };
        // SAFETY: it is so long, and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.0.cast(), length as usize) }
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: a call has allocated it this way, and nobody else frees it.
        unsafe { LocalFree(self.0) };
    }
}

/// What a new object gets: a descriptor in its self-relative form, and nobody inherits the handle.
pub(super) fn attributes(descriptor: &mut [u8]) -> SECURITY_ATTRIBUTES {
    SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>(),
        lpSecurityDescriptor: descriptor.as_mut_ptr().cast(),
        bInheritHandle: 0,
    }
}
