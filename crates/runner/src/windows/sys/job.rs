//! Jobs.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_JOB_MEMORY, JOB_OBJECT_LIMIT_JOB_TIME,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_BASIC_LIMIT_INFORMATION,
    JOBOBJECT_BASIC_UI_RESTRICTIONS, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS,
    JobObjectBasicAccountingInformation, JobObjectBasicUIRestrictions, JobObjectExtendedLimitInformation,
    QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};

use super::super::job::JobLimits;
use super::process::ENDED;
use super::{check, owned, size_of};
use crate::message::Usage;

/// One without a name.
pub(in crate::windows) fn new() -> io::Result<OwnedHandle> {
    // SAFETY: null stands for default security and no name.
    owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })
}

/// Nothing leaves the job, all of it ends when its last handle is closed, and it uses no more than this.
pub(in crate::windows) fn limit(job: BorrowedHandle<'_>, limits: JobLimits) -> io::Result<()> {
    let flags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
        | limits.processes.map_or(0, |_| JOB_OBJECT_LIMIT_ACTIVE_PROCESS)
        | limits.memory_bytes.map_or(0, |_| JOB_OBJECT_LIMIT_JOB_MEMORY)
        | limits.cpu_time_ms.map_or(0, |_| JOB_OBJECT_LIMIT_JOB_TIME);
    let cpu_time_100ns = limits.cpu_time_ms.unwrap_or(0).saturating_mul(10_000);
    let facts = JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
        BasicLimitInformation: JOBOBJECT_BASIC_LIMIT_INFORMATION {
            PerJobUserTimeLimit: i64::try_from(cpu_time_100ns).unwrap_or(i64::MAX),
            LimitFlags: flags,
            ActiveProcessLimit: limits.processes.unwrap_or(0),
            ..JOBOBJECT_BASIC_LIMIT_INFORMATION::default()
        },
        JobMemoryLimit: usize::try_from(limits.memory_bytes.unwrap_or(0)).unwrap_or(usize::MAX),
        ..JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default()
    };
    set(job, JobObjectExtendedLimitInformation, &facts)
}

/// What of the user's desktop the processes in it do without.
pub(in crate::windows) fn limit_interface(job: BorrowedHandle<'_>, bits: u32) -> io::Result<()> {
    let facts = JOBOBJECT_BASIC_UI_RESTRICTIONS { UIRestrictionsClass: bits };
    set(job, JobObjectBasicUIRestrictions, &facts)
}

/// Puts a process into it.
pub(in crate::windows) fn assign(job: BorrowedHandle<'_>, process: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes two handles that are open by their lifetimes.
    check(unsafe { AssignProcessToJobObject(job.as_raw_handle(), process.as_raw_handle()) })
}

/// Ends every process in it.
pub(in crate::windows) fn terminate(job: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes a handle that is open by its lifetime.
    check(unsafe { TerminateJobObject(job.as_raw_handle(), ENDED) })
}

/// What the processes in it use. Of memory the system tells the most so far.
pub(in crate::windows) fn usage(job: BorrowedHandle<'_>) -> io::Result<Usage> {
    let mut accounting = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
    query(job, JobObjectBasicAccountingInformation, &mut accounting)?;
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    query(job, JobObjectExtendedLimitInformation, &mut limits)?;
    let cpu_100ns = accounting.TotalUserTime.saturating_add(accounting.TotalKernelTime);
    Ok(Usage {
        processes: accounting.ActiveProcesses,
        memory_bytes: limits.PeakJobMemoryUsed as u64,
        cpu_ms: u64::try_from(cpu_100ns / 10_000).unwrap_or(0),
    })
}

/// One of the structures of numbers that the system has about a job.
trait Facts: Copy {}
impl Facts for JOBOBJECT_BASIC_ACCOUNTING_INFORMATION {}
impl Facts for JOBOBJECT_BASIC_UI_RESTRICTIONS {}
impl Facts for JOBOBJECT_EXTENDED_LIMIT_INFORMATION {}

fn set<T: Facts>(job: BorrowedHandle<'_>, class: JOBOBJECTINFOCLASS, facts: &T) -> io::Result<()> {
    // SAFETY: the structure is the one that belongs to the number, with its size, and is only read.
    check(unsafe { SetInformationJobObject(job.as_raw_handle(), class, ptr::from_ref(facts).cast(), size_of::<T>()) })
}

fn query<T: Facts>(job: BorrowedHandle<'_>, class: JOBOBJECTINFOCLASS, facts: &mut T) -> io::Result<()> {
    // SAFETY: the structure holds numbers only, and is as large as is told; the system writes no more.
    check(unsafe {
        QueryInformationJobObject(
            job.as_raw_handle(),
            class,
            ptr::from_mut(facts).cast(),
            size_of::<T>(),
            ptr::null_mut(),
        )
    })
}
