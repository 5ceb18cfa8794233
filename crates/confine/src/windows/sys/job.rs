//! Jobs: what processes use together, and how they end together.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED};
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, IsProcessInJob, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION,
    JOB_OBJECT_LIMIT_JOB_MEMORY, JOB_OBJECT_LIMIT_JOB_TIME, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_BASIC_UI_RESTRICTIONS,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOBOBJECTINFOCLASS, JobObjectAssociateCompletionPortInformation,
    JobObjectBasicAccountingInformation, JobObjectBasicUIRestrictions, JobObjectExtendedLimitInformation,
    QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::{check, owned, size_of};

/// A job and the port at which it tells that it is empty. Everything in it is killed when this is dropped.
#[derive(Debug)]
pub(in crate::windows) struct Job {
    pub(super) handle: OwnedHandle,
    /// Held by whoever waits, who must miss nothing.
    port: Mutex<OwnedHandle>,
}

/// What the processes of a job may use together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::windows) struct Bounds {
    pub(in crate::windows) processes: Option<u32>,
    pub(in crate::windows) memory_bytes: Option<u64>,
    pub(in crate::windows) cpu_time_ms: Option<u64>,
    /// `JOB_OBJECT_UILIMIT_…`
    pub(in crate::windows) interface: u32,
}

/// What the processes of a run have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// CPU time of all of them, in milliseconds.
    pub cpu_time_ms: u64,
    /// Processes that live.
    pub processes_now: u32,
    /// Processes there have been.
    pub processes_ever: u32,
    /// The most memory that they had committed at one time, in bytes.
    pub peak_memory_bytes: u64,
}

/// Times are counted in units of 100 nanoseconds.
const UNITS_PER_MS: i64 = 10_000;

/// After how long a job is looked at without a message.
const LOOK_AGAIN_MS: u32 = 100;

impl Job {
    /// One with these bounds, that kills what is in it when it is closed.
    pub(in crate::windows) fn new(bounds: &Bounds) -> io::Result<Self> {
        // SAFETY: without attributes and a name.
        let handle = owned(unsafe { CreateJobObjectW(null(), null()) })?;
        // SAFETY: a port of its own, without a file.
        let port = owned(unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, 1) })?;
        let job = Self { handle, port: Mutex::new(port) };
        let port = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: null_mut(),
            CompletionPort: job.port().as_raw_handle(),
        };
        job.set(JobObjectAssociateCompletionPortInformation, &port)?;
        job.set(JobObjectExtendedLimitInformation, &extended(bounds))?;
        // A job within another one may not even be told that it has none.
        if bounds.interface != 0 {
            let interface = JOBOBJECT_BASIC_UI_RESTRICTIONS { UIRestrictionsClass: bounds.interface };
            job.set(JobObjectBasicUIRestrictions, &interface)?;
        }
        Ok(job)
    }

    /// Whether a process is in it.
    pub(in crate::windows) fn holds(&self, process: &impl AsHandle) -> io::Result<bool> {
        let process = process.as_handle();
        let mut holds = 0;
        // SAFETY: both handles are open, and `holds` is there to be written.
        check(unsafe { IsProcessInJob(process.as_raw_handle(), self.handle.as_raw_handle(), &raw mut holds) })?;
        Ok(holds != 0)
    }

    /// Ends every process in it, with this exit code.
    pub(in crate::windows) fn terminate(&self, code: u32) -> io::Result<()> {
        // SAFETY: the handle is open.
        check(unsafe { TerminateJobObject(self.handle.as_raw_handle(), code) })
    }

    /// Waits until no process is in it any more.
    pub(in crate::windows) fn wait_until_empty(&self) -> io::Result<()> {
        let port = self.port();
        while self.count()?.processes_now > 0 {
            // Each process that ends is told at the port; but that a message arrives is not promised.
            let _ = next_message(&port, LOOK_AGAIN_MS);
        }
        Ok(())
    }

    /// What they have used up to now.
    pub(in crate::windows) fn used(&self) -> io::Result<Used> {
        // Whoever asks now and then keeps the messages from piling up.
        if let Ok(port) = self.port.try_lock() {
            while next_message(&port, 0).is_ok() {}
        }
        self.count()
    }

    fn port(&self) -> MutexGuard<'_, OwnedHandle> {
        self.port.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> io::Result<Used> {
        let counted: JOBOBJECT_BASIC_ACCOUNTING_INFORMATION = self.get(JobObjectBasicAccountingInformation)?;
        let limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = self.get(JobObjectExtendedLimitInformation)?;
        let time = (counted.TotalUserTime + counted.TotalKernelTime) / UNITS_PER_MS;
        Ok(Used {
            cpu_time_ms: u64::try_from(time).unwrap_or_default(),
            processes_now: counted.ActiveProcesses,
            processes_ever: counted.TotalProcesses,
            peak_memory_bytes: limits.PeakJobMemoryUsed as u64,
        })
    }

    /// Its flags (`JOB_OBJECT_LIMIT_…`) and the bounds that are in force.
    pub(in crate::windows) fn bounds(&self) -> io::Result<(u32, Bounds)> {
        let limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = self.get(JobObjectExtendedLimitInformation)?;
        let interface: JOBOBJECT_BASIC_UI_RESTRICTIONS = self.get(JobObjectBasicUIRestrictions)?;
        let basic = limits.BasicLimitInformation;
        let given = |flag| basic.LimitFlags & flag != 0;
        let bounds = Bounds {
            processes: given(JOB_OBJECT_LIMIT_ACTIVE_PROCESS).then_some(basic.ActiveProcessLimit),
            memory_bytes: given(JOB_OBJECT_LIMIT_JOB_MEMORY).then_some(limits.JobMemoryLimit as u64),
            cpu_time_ms: given(JOB_OBJECT_LIMIT_JOB_TIME)
                .then(|| u64::try_from(basic.PerJobUserTimeLimit / UNITS_PER_MS).unwrap_or_default()),
            interface: interface.UIRestrictionsClass,
        };
        Ok((basic.LimitFlags, bounds))
    }

    fn set<T>(&self, class: JOBOBJECTINFOCLASS, value: &T) -> io::Result<()> {
        // SAFETY: each class comes with its structure, which is as large as is said.
        check(unsafe {
            SetInformationJobObject(self.handle.as_raw_handle(), class, (&raw const *value).cast(), size_of::<T>())
        })
    }

    fn get<T: Default>(&self, class: JOBOBJECTINFOCLASS) -> io::Result<T> {
        let mut value = T::default();
        // SAFETY: each class comes with its structure, which is as large as is said and made of numbers.
        check(unsafe {
            QueryInformationJobObject(
                self.handle.as_raw_handle(),
                class,
                (&raw mut value).cast(),
                size_of::<T>(),
                null_mut(),
            )
        })?;
        Ok(value)
    }
}

/// Takes what is told at a port, or waits for it so many milliseconds.
fn next_message(port: &OwnedHandle, wait_ms: u32) -> io::Result<()> {
    let (mut message, mut key) = (0, 0);
    let mut process: *mut OVERLAPPED = null_mut();
    let told = (&raw mut message, &raw mut key, &raw mut process);
    // SAFETY: the port is open, and all three are there to be written.
    check(unsafe { GetQueuedCompletionStatus(port.as_raw_handle(), told.0, told.1, told.2, wait_ms) })
}

/// Whether this process is in a job already. What it starts is in that one too, and a job within another one has no limits
/// of the user interface.
pub(in crate::windows) fn is_within() -> io::Result<bool> {
    let mut is_within = 0;
    // SAFETY: takes no pointers, and gives a handle that is never closed.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: without a job it is asked about any, and `is_within` is there to be written.
    check(unsafe { IsProcessInJob(own, null_mut(), &raw mut is_within) })?;
    Ok(is_within != 0)
}

/// That nothing in a job outlives it, and nothing stops to tell of its fault.
pub(in crate::windows) const ALWAYS: u32 =
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;

fn extended(bounds: &Bounds) -> JOBOBJECT_EXTENDED_LIMIT_INFORMATION {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    let basic = &mut limits.BasicLimitInformation;
    basic.LimitFlags = ALWAYS;
    if let Some(processes) = bounds.processes {
        basic.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        basic.ActiveProcessLimit = processes;
    }
    if let Some(time) = bounds.cpu_time_ms {
        basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_TIME;
        basic.PerJobUserTimeLimit = i64::try_from(time).unwrap_or(i64::MAX).saturating_mul(UNITS_PER_MS);
    }
    if let Some(memory) = bounds.memory_bytes {
        basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
        limits.JobMemoryLimit = usize::try_from(memory).unwrap_or(usize::MAX);
    }
    limits
}
