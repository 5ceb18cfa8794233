//! Numbers that the system tells: free room on a volume, processes of a job, handles of a process.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr::null_mut;

use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use windows_sys::Win32::System::JobObjects::{JobObjectBasicProcessIdList, QueryInformationJobObject};
use windows_sys::Win32::System::Threading::{GetProcessHandleCount, PROCESS_QUERY_LIMITED_INFORMATION};

use super::job::Job;
use super::{check, process, size_of, wide};

/// Most processes of a job that are looked at.
const PROCESSES_MAX: usize = 4096;

/// What is left of the volume that a path is on, to the caller, in bytes.
///
/// # Errors
/// When there is no such volume.
pub fn free_bytes(path: &str) -> io::Result<u64> {
    let (path, mut free) = (wide(path)?, 0);
    // SAFETY: the path ends with NUL, and `free` is there to be written; the other numbers are not asked for.
    check(unsafe { GetDiskFreeSpaceExW(path.as_ptr(), &raw mut free, null_mut(), null_mut()) })?;
    Ok(free)
}

/// A `JOBOBJECT_BASIC_PROCESS_ID_LIST` with room for many.
#[repr(C)]
struct ProcessIds {
    assigned: u32,
    listed: u32,
    ids: [usize; PROCESSES_MAX],
}

/// The numbers of the processes in a job.
pub(in crate::windows) fn processes(job: &Job) -> io::Result<Vec<u32>> {
    let mut found = Box::new(ProcessIds { assigned: 0, listed: 0, ids: [0; PROCESSES_MAX] });
    let (handle, class) = (job.handle.as_raw_handle(), JobObjectBasicProcessIdList);
    // SAFETY: as many bytes are there to be written, in the layout that this class has.
    check(unsafe {
        QueryInformationJobObject(handle, class, (&raw mut *found).cast(), size_of::<ProcessIds>(), null_mut())
    })?;
    let listed = usize::try_from(found.listed).unwrap_or_default().min(PROCESSES_MAX);
    Ok(found.ids.iter().take(listed).filter_map(|id| u32::try_from(*id).ok()).collect())
}

/// How many handles a process has open.
pub(in crate::windows) fn handles(process: u32) -> io::Result<u32> {
    let process = process::open(process, PROCESS_QUERY_LIMITED_INFORMATION)?;
    let mut count = 0;
    // SAFETY: the handle is open, and `count` is there to be written.
    check(unsafe { GetProcessHandleCount(process.as_raw_handle(), &raw mut count) })?;
    Ok(count)
}
