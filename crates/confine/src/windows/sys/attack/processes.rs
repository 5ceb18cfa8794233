//! Other processes: read, written, stopped, and used.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut, without_provenance, without_provenance_mut};

use windows_sys::Wdk::System::Threading::{NtQueryInformationProcess, ProcessCommandLineInformation};
use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, RtlNtStatusToDosError, UNICODE_STRING, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::Diagnostics::Debug::{ReadProcessMemory, WriteProcessMemory};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CreateProcessW, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, GetExitCodeProcess,
    GetPriorityClass, IDLE_PRIORITY_CLASS, OpenThread, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, PROCESS_CREATE_PROCESS,
    PROCESS_DUP_HANDLE, PROCESS_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SET_INFORMATION,
    PROCESS_TERMINATE, PROCESS_VM_OPERATION, PROCESS_VM_READ, PROCESS_VM_WRITE, ResumeThread, STARTUPINFOEXW,
    SetPriorityClass, SuspendThread, THREAD_SUSPEND_RESUME, TerminateProcess, WaitForSingleObject,
};

use super::super::process::{Attributes, open};
use super::super::{check, owned, size_of, wide};

/// How long a child of somebody else's may take, in milliseconds.
const PATIENCE_MS: u32 = 10_000;

/// Reads its memory at an address.
pub fn read_memory(process: u32, address: usize, length: usize) -> io::Result<Vec<u8>> {
    let process = open(process, PROCESS_VM_READ)?;
    let (mut bytes, mut read) = (vec![0_u8; length], 0);
    let from: *const c_void = without_provenance(address);
    // SAFETY: the buffer is as long as is said, `read` is there to be written, and the address is the other process's.
    check(unsafe {
        ReadProcessMemory(process.as_raw_handle(), from, bytes.as_mut_ptr().cast(), length, &raw mut read)
    })?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Writes its memory at an address.
pub fn write_memory(process: u32, address: usize, bytes: &[u8]) -> io::Result<()> {
    let process = open(process, PROCESS_VM_WRITE | PROCESS_VM_OPERATION)?;
    let to: *const c_void = without_provenance(address);
    // SAFETY: the bytes are as many as is said, the address is the other process's, and what may be missing is.
    check(unsafe { WriteProcessMemory(process.as_raw_handle(), to, bytes.as_ptr().cast(), bytes.len(), null_mut()) })
}

/// Ends it.
pub fn terminate(process: u32) -> io::Result<()> {
    let process = open(process, PROCESS_TERMINATE)?;
    // SAFETY: the handle is open.
    check(unsafe { TerminateProcess(process.as_raw_handle(), 1) })
}

/// Stops all its threads.
pub fn suspend(process: u32) -> io::Result<()> {
    for thread in threads(process)? {
        // SAFETY: the handle is open.
        if unsafe { SuspendThread(open_thread(thread)?.as_raw_handle()) } == u32::MAX {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Lets all its threads go on, and tells whether one was stopped.
pub fn resume(process: u32) -> io::Result<bool> {
    let mut stopped = false;
    for thread in threads(process)? {
        // SAFETY: the handle is open.
        match unsafe { ResumeThread(open_thread(thread)?.as_raw_handle()) } {
            u32::MAX => return Err(io::Error::last_os_error()),
            count => stopped |= count > 0,
        }
    }
    Ok(stopped)
}

fn open_thread(thread: u32) -> io::Result<OwnedHandle> {
    // SAFETY: takes no pointers.
    owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, thread) })
}

fn threads(process: u32) -> io::Result<Vec<u32>> {
    // SAFETY: takes no pointers.
    let snapshot = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) })?;
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>(), ..THREADENTRY32::default() };
    let mut threads = Vec::new();
    // SAFETY: the entry is as large as it says.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            threads.push(entry.th32ThreadID);
        }
        // SAFETY: the entry is as large as it says.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    if threads.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(threads) }
}

/// Gives it the lowest priority.
pub fn slow_down(process: u32) -> io::Result<()> {
    let process = open(process, PROCESS_SET_INFORMATION)?;
    // SAFETY: the handle is open.
    check(unsafe { SetPriorityClass(process.as_raw_handle(), IDLE_PRIORITY_CLASS) })
}

/// Its priority (`…_PRIORITY_CLASS`).
pub fn priority(process: u32) -> io::Result<u32> {
    let process = open(process, PROCESS_QUERY_LIMITED_INFORMATION)?;
    // SAFETY: the handle is open.
    match unsafe { GetPriorityClass(process.as_raw_handle()) } {
        0 => Err(io::Error::last_os_error()),
        class => Ok(class),
    }
}

/// The command line that it was started with.
pub fn command_line(process: u32) -> io::Result<String> {
    let process = open(process, PROCESS_QUERY_LIMITED_INFORMATION)?;
    // In words of 64 bits, as it begins with a structure that has a pointer.
    let mut buffer = vec![0_u64; 16 * 1024];
    let length = size_of_val(buffer.as_slice()) as u32;
    let to = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: the buffer is as long as is said, and what may be missing is.
    let status = unsafe {
        NtQueryInformationProcess(process.as_raw_handle(), ProcessCommandLineInformation, to, length, null_mut())
    };
    if status < 0 {
        // SAFETY: takes a number.
        return Err(io::Error::from_raw_os_error(unsafe { RtlNtStatusToDosError(status) } as i32));
    }
    Ok(text_after_head(&buffer))
}

/// A text that comes after a structure (`UNICODE_STRING`) whose first member is its length in bytes.
pub(super) fn text_after_head(buffer: &[u64]) -> String {
    const HEAD: usize = std::mem::size_of::<UNICODE_STRING>() / 2;
    let units: Vec<u16> = buffer.iter().flat_map(|word| [0, 16, 32, 48].map(|shift| (word >> shift) as u16)).collect();
    let count = usize::from(units.first().copied().unwrap_or(0) / 2);
    String::from_utf16_lossy(units.get(HEAD..HEAD + count).unwrap_or_default())
}

/// A file that it has open, by the number of its handle.
pub fn file_of(process: u32, number: usize) -> io::Result<File> {
    let process = open(process, PROCESS_DUP_HANDLE)?;
    let mut copy: HANDLE = null_mut();
    let theirs: HANDLE = without_provenance_mut(number);
    // SAFETY: takes no pointers, and gives a handle that is never closed.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the handles of both processes are open, and `copy` is there to be written.
    check(unsafe {
        DuplicateHandle(process.as_raw_handle(), theirs, own, &raw mut copy, 0, 0, DUPLICATE_SAME_ACCESS)
    })?;
    Ok(owned(copy)?.into())
}

/// Starts a program that another process is the parent of, with what that one may do, and waits for it.
pub fn start_as_child_of(process: u32, program: &str, arguments: &str) -> io::Result<()> {
    let parent = open(process, PROCESS_CREATE_PROCESS)?;
    let parents = [parent.as_raw_handle()];
    let mut attributes = Attributes::with_room_for(1)?;
    attributes.add(PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &parents)?;
    let mut startup = STARTUPINFOEXW { lpAttributeList: attributes.pointer(), ..STARTUPINFOEXW::default() };
    startup.StartupInfo.cb = size_of::<STARTUPINFOEXW>();
    let (program, mut line) = (wide(program)?, wide(&format!("\"{program}\" {arguments}"))?);
    let mut made = PROCESS_INFORMATION::default();
    let flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_NO_WINDOW;
    // SAFETY: the texts have their ends, the attributes live until the call returns, and what may be missing is.
    check(unsafe {
        CreateProcessW(
            program.as_ptr(),
            line.as_mut_ptr(),
            null(),
            null(),
            0,
            flags,
            null(),
            null(),
            &raw const startup.StartupInfo,
            &raw mut made,
        )
    })?;
    let (child, _thread) = (owned(made.hProcess)?, owned(made.hThread)?);
    // SAFETY: the handle is open.
    if unsafe { WaitForSingleObject(child.as_raw_handle(), PATIENCE_MS) } != WAIT_OBJECT_0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let mut code = 1;
    // SAFETY: the handle is open, and `code` is there to be written.
    check(unsafe { GetExitCodeProcess(child.as_raw_handle(), &raw mut code) })?;
    if code == 0 { Ok(()) } else { Err(io::Error::other("it failed")) }
}
