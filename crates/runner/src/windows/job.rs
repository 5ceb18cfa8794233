//! The job that holds a runner and all that it starts, from outside of both.

use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};

use super::process::Process;
use super::sys::job;
use crate::message::Usage;

/// What the processes of a run may use together, the runner among them. The runner's own job for the command may be
/// stricter; this one holds even against a command that has taken over the runner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobLimits {
    /// Most processes at a time.
    pub processes: Option<u32>,
    /// Most memory that they have committed together.
    pub memory_bytes: Option<u64>,
    /// Most time on processors that they use together in user mode, in milliseconds.
    pub cpu_time_ms: Option<u64>,
    /// What of the user's desktop is out of reach: bits `JOB_OBJECT_UILIMIT_…`. They belong here, since a job within
    /// another one cannot have any (says the documentation of `AssignProcessToJobObject`); but not `…_DESKTOP`, where
    /// the runner makes a desktop for its command.
    pub interface: u32,
}

/// A job. Dropped, every process in it is ended.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    /// One that nothing leaves.
    pub(super) fn new(limits: JobLimits) -> io::Result<Self> {
        let job = job::new()?;
        job::limit(job.as_handle(), limits)?;
        if limits.interface != 0 {
            job::limit_interface(job.as_handle(), limits.interface)?;
        }
        Ok(Self(job))
    }

    /// Takes in a process that does not run yet.
    pub(super) fn take_in(&self, process: &Process) -> io::Result<()> {
        job::assign(self.0.as_handle(), process.handle())
    }

    /// Ends every process in it.
    pub(super) fn end(&self) -> io::Result<()> {
        job::terminate(self.0.as_handle())
    }

    /// What the processes in it use, as the system counts.
    pub(super) fn usage(&self) -> io::Result<Usage> {
        job::usage(self.0.as_handle())
    }
}
