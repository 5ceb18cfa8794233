//! Files and directories with a descriptor from the start.
#![allow(unsafe_code, reason = "descriptors are given by their addresses")]

use std::fs::File;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use pinfold_acl::Descriptor;
use windows_sys::Win32::Foundation::{ERROR_INVALID_SECURITY_DESCR, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetKernelObjectSecurity, OWNER_SECURITY_INFORMATION,
    PROTECTED_DACL_SECURITY_INFORMATION, SECURITY_ATTRIBUTES, SetKernelObjectSecurity,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, CREATE_NEW, CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL,
    GetFileInformationByHandle,
};
use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::UI::Shell::{FOLDERID_ProgramData, SHGetKnownFolderPath};

use super::groups::last;
use super::sid::aligned;
use super::wide::{text_at, wide};
use crate::machine::Fault;

const PARTS: u32 = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;

/// A descriptor where a function finds it.
struct Attributes {
    bytes: Vec<u32>,
}

impl Attributes {
    fn new(descriptor: &Descriptor) -> Result<Self, Fault> {
        let bytes = descriptor.to_bytes();
        let bytes = bytes.ok_or(Fault { call: "Descriptor::to_bytes", code: ERROR_INVALID_SECURITY_DESCR })?;
        Ok(Self { bytes: aligned(&bytes) })
    }

    fn get(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.bytes.as_ptr().cast_mut().cast(),
            bInheritHandle: 0,
        }
    }
}

/// Makes a directory that is not there.
pub(crate) fn make_directory(path: &str, descriptor: &Descriptor) -> Result<(), Fault> {
    let (path, attributes) = (wide(path), Attributes::new(descriptor)?);
    // SAFETY: the path has an end, and the descriptor is a self-relative one.
    let made = unsafe { CreateDirectoryW(path.as_ptr(), &attributes.get()) };
    if made == 0 { Err(last("CreateDirectoryW")) } else { Ok(()) }
}

/// Makes a file that is not there, to write it.
pub(crate) fn make_file(path: &str, descriptor: &Descriptor) -> Result<File, Fault> {
    let (path, attributes) = (wide(path), Attributes::new(descriptor)?);
    // SAFETY: the path has an end, and the descriptor is a self-relative one.
    let handle: HANDLE = unsafe {
        CreateFileW(path.as_ptr(), GENERIC_WRITE, 0, &attributes.get(), CREATE_NEW, FILE_ATTRIBUTE_NORMAL, null_mut())
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(last("CreateFileW"));
    }
    // SAFETY: it was opened just now, and nobody else closes it.
    Ok(File::from(unsafe { OwnedHandle::from_raw_handle(handle) }))
}

/// Gives what was opened another owner and list, which inherits nothing.
pub(crate) fn set_descriptor(file: &File, descriptor: &Descriptor) -> Result<(), Fault> {
    let attributes = Attributes::new(descriptor)?;
    let parts = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the handle is open, and the descriptor is a self-relative one.
    let set =
        unsafe { SetKernelObjectSecurity(file.as_raw_handle(), parts, attributes.bytes.as_ptr().cast_mut().cast()) };
    if set == 0 { Err(last("SetKernelObjectSecurity")) } else { Ok(()) }
}

/// Whose something is that was opened, and who may do what to it.
pub(crate) fn descriptor_of(file: &File) -> Result<Descriptor, Fault> {
    // More than a list can have.
    let mut bytes = vec![0_u32; 0x8000];
    let (room, mut length) = ((bytes.len() * 4) as u32, 0);
    // SAFETY: the handle is open, and there is as much room as is said.
    let told =
        unsafe { GetKernelObjectSecurity(file.as_raw_handle(), PARTS, bytes.as_mut_ptr().cast(), room, &mut length) };
    if told == 0 {
        return Err(last("GetKernelObjectSecurity"));
    }
    let bytes: Vec<u8> = bytes.iter().flat_map(|word| word.to_ne_bytes()).take(length as usize).collect();
    let malformed = Fault { call: "GetKernelObjectSecurity", code: ERROR_INVALID_SECURITY_DESCR };
    Descriptor::parse(&bytes).map_err(|_| malformed)
}

/// Its attributes, and how many names it has.
pub(crate) fn attributes_of(file: &File) -> Result<(u32, u32), Fault> {
    let mut about = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and there is room for the answer.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut about) } == 0 {
        return Err(last("GetFileInformationByHandle"));
    }
    Ok((about.dwFileAttributes, about.nNumberOfLinks))
}

/// Where programs keep what belongs to no user.
pub(crate) fn program_data() -> Result<String, Fault> {
    let mut path = null_mut();
    // SAFETY: there is an identifier, and room for an address.
    let result = unsafe { SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, null_mut(), &mut path) };
    // SAFETY: it is null or has an end.
    let text = unsafe { text_at(path) };
    // SAFETY: it was given to be freed so, whatever the result, and is not used any more.
    unsafe { CoTaskMemFree(path.cast_const().cast()) };
    if result < 0 { Err(Fault { call: "SHGetKnownFolderPath", code: result as u32 }) } else { Ok(text) }
}
