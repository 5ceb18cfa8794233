//! Named objects that programs share: events, memory, pipes and atoms.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{INVALID_HANDLE_VALUE, WAIT_OBJECT_0};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_ACCESS_INBOUND};
use windows_sys::Win32::System::DataExchange::{GlobalAddAtomW, GlobalDeleteAtom, GlobalFindAtomW};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile,
    OpenFileMappingW, PAGE_READWRITE, UnmapViewOfFile,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT, PeekNamedPipe,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, EVENT_MODIFY_STATE, OpenEventW, SetEvent, WaitForSingleObject,
};

use super::super::{check, owned, wide};

/// What a section holds, in bytes.
const SECTION: u32 = 4096;

/// An event that stays set once it is.
#[derive(Debug)]
pub struct Event(OwnedHandle);

impl Event {
    /// A new one.
    pub fn new(name: &str) -> io::Result<Self> {
        let name = wide(name)?;
        // SAFETY: the name has its end, and what may be missing is.
        Ok(Self(owned(unsafe { CreateEventW(null(), 1, 0, name.as_ptr()) })?))
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        // SAFETY: the handle is open.
        (unsafe { WaitForSingleObject(self.0.as_raw_handle(), 0) }) == WAIT_OBJECT_0
    }
}

/// Sets an event of somebody else.
pub fn set_event(name: &str) -> io::Result<()> {
    let name = wide(name)?;
    // SAFETY: the name has its end.
    let event = owned(unsafe { OpenEventW(EVENT_MODIFY_STATE, 0, name.as_ptr()) })?;
    // SAFETY: the handle is open.
    check(unsafe { SetEvent(event.as_raw_handle()) })
}

/// Memory that has a name.
#[derive(Debug)]
pub struct Section(OwnedHandle);

impl Section {
    /// A new one, which holds a text of at most 4096 bytes.
    pub fn new(name: &str, text: &str) -> io::Result<Self> {
        let name = wide(name)?;
        // SAFETY: the name has its end, and what may be missing is.
        let section = owned(unsafe {
            CreateFileMappingW(INVALID_HANDLE_VALUE, null(), PAGE_READWRITE, 0, SECTION, name.as_ptr())
        })?;
        View::of(&section, FILE_MAP_WRITE)?.write(text.as_bytes());
        Ok(Self(section))
    }

    /// What it holds.
    pub fn content(&self) -> io::Result<Vec<u8>> {
        Ok(View::of(&self.0, FILE_MAP_READ)?.read())
    }
}

/// Reads the memory of somebody else that has this name.
pub fn read_section(name: &str) -> io::Result<Vec<u8>> {
    Ok(View::of(&open_section(name, FILE_MAP_READ)?, FILE_MAP_READ)?.read())
}

/// Writes it.
pub fn write_section(name: &str, text: &str) -> io::Result<()> {
    View::of(&open_section(name, FILE_MAP_WRITE)?, FILE_MAP_WRITE)?.write(text.as_bytes());
    Ok(())
}

fn open_section(name: &str, access: FILE_MAP) -> io::Result<OwnedHandle> {
    let name = wide(name)?;
    // SAFETY: the name has its end.
    owned(unsafe { OpenFileMappingW(access, 0, name.as_ptr()) })
}

/// A section as it is seen in this process.
struct View(MEMORY_MAPPED_VIEW_ADDRESS);

impl View {
    fn of(section: &OwnedHandle, access: FILE_MAP) -> io::Result<Self> {
        // SAFETY: the handle is open, and the section is so long.
        let view = unsafe { MapViewOfFile(section.as_raw_handle(), access, 0, 0, SECTION as usize) };
        if view.Value.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(view)) }
    }

    fn read(&self) -> Vec<u8> {
        let mut bytes = vec![0_u8; SECTION as usize];
        // SAFETY: the view is so long, and so is the buffer, which is somewhere else. Others write at other times only.
        unsafe { std::ptr::copy_nonoverlapping(self.0.Value.cast(), bytes.as_mut_ptr(), bytes.len()) };
        bytes
    }

    fn write(&self, bytes: &[u8]) {
        let length = bytes.len().min(SECTION as usize);
        // SAFETY: the view is at least so long, and the bytes are somewhere else. Whoever calls has mapped it to be written.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.Value.cast(), length) };
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the view is there, and nobody uses it after this.
        unsafe { UnmapViewOfFile(self.0) };
    }
}

/// A pipe that listens, with the access list that the system gives to every pipe.
#[derive(Debug)]
pub struct Pipe(OwnedHandle);

impl Pipe {
    /// A new one, with a name as `\\.\pipe\NAME`.
    pub fn new(name: &str) -> io::Result<Self> {
        let name = wide(name)?;
        let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
        let access = PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE;
        // SAFETY: the name has its end, and what may be missing is.
        let pipe = unsafe { CreateNamedPipeW(name.as_ptr(), access, mode, 1, SECTION, SECTION, 0, null()) };
        Ok(Self(owned(pipe)?))
    }

    /// Whether something waits in it. Who wrote it may be gone.
    pub fn was_written(&self) -> bool {
        let mut available = 0;
        // SAFETY: the handle is open, `available` is there to be written, and what may be missing is.
        let seen =
            unsafe { PeekNamedPipe(self.0.as_raw_handle(), null_mut(), 0, null_mut(), &raw mut available, null_mut()) };
        seen != 0 && available > 0
    }
}

/// Adds an atom, which all programs of a session see.
pub fn add_atom(name: &str) -> io::Result<()> {
    let name = wide(name)?;
    // SAFETY: the name has its end.
    match unsafe { GlobalAddAtomW(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether an atom of this name is there.
pub fn has_atom(name: &str) -> bool {
    find_atom(name) != 0
}

/// Removes it.
pub fn remove_atom(name: &str) {
    match find_atom(name) {
        0 => {}
        // SAFETY: takes no pointers.
        atom => drop(unsafe { GlobalDeleteAtom(atom) }),
    }
}

fn find_atom(name: &str) -> u16 {
    let Ok(name) = wide(name) else { return 0 };
    // SAFETY: the name has its end.
    unsafe { GlobalFindAtomW(name.as_ptr()) }
}
