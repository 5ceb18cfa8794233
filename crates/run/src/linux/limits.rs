//! Limits on the run as a whole that the supervisor keeps by looking.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pinfold_plan::{Identity, Plan};
use pinfold_policy::LimitName;
use rustix::process::Pid;

use crate::linux::process_tree;

/// How often the supervisor looks.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// Memory files are added up at every so many looks.
const MEMORY_FILES_EVERY: u64 = 5;

/// The limit that ended a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitReached {
    /// `limits.memory`.
    Memory {
        /// What was in use, in bytes.
        used_bytes: u64,
        /// What was allowed, in bytes.
        limit_bytes: u64,
    },
    /// `limits.cpu-time`.
    CpuTime {
        /// What was used, in milliseconds.
        used_ms: u64,
        /// What was allowed, in milliseconds.
        limit_ms: u64,
    },
    /// `limits.disk`.
    Disk {
        /// How much fuller the file system has become, in bytes.
        used_bytes: u64,
        /// What was allowed, in bytes.
        limit_bytes: u64,
    },
    /// `limits.processes`, where the kernel does not keep it.
    Processes {
        /// How many there were.
        used: u64,
        /// How many were allowed.
        limit: u64,
    },
    /// `limits.output`.
    Output {
        /// What was allowed, in bytes.
        limit_bytes: u64,
    },
    /// `limits.wall-time`.
    WallTime {
        /// What was allowed, in milliseconds.
        limit_ms: u64,
    },
}

impl LimitReached {
    /// The limit, as the policy names it.
    pub fn name(&self) -> LimitName {
        match self {
            Self::Memory { .. } => LimitName::Memory,
            Self::CpuTime { .. } => LimitName::CpuTime,
            Self::Disk { .. } => LimitName::Disk,
            Self::Processes { .. } => LimitName::Processes,
            Self::Output { .. } => LimitName::Output,
            Self::WallTime { .. } => LimitName::WallTime,
        }
    }
}

/// Looks at what the kernel does not bound for a whole run.
#[derive(Debug)]
pub(crate) struct Watchman {
    memory_bytes: Option<u64>,
    disk_bytes: Option<u64>,
    /// Only for root, whom the kernel's own limit does not bind.
    processes: Option<u64>,
    cpu_time_ms: Option<u64>,
    output_bytes: Option<u64>,
    written_bytes: u64,
    /// Memory files, which take longer to add up than to look at now and then.
    memory_file_bytes: u64,
    looks: u64,
    /// The most memory that was seen in use.
    peak_bytes: Option<u64>,
    /// Shared memory that no process is attached to, as the first process says.
    shared_memory_bytes: u64,
    deadline: Option<(Instant, u64)>,
    /// When it is time to look again.
    due: Instant,
    /// Places on the file systems that the run writes to, with what was free at the start, in bytes.
    disks: Vec<(PathBuf, u64)>,
}

impl Watchman {
    pub(crate) fn new(plan: &Plan) -> Self {
        let disks = [&plan.workspace, &plan.private_home];
        Self {
            memory_bytes: plan.limits.memory_bytes,
            disk_bytes: plan.limits.disk_bytes,
            processes: plan.limits.processes.filter(|_| matches!(plan.identity, Identity::Caller { uid: 0, .. })),
            cpu_time_ms: plan.limits.cpu_time_ms,
            output_bytes: plan.limits.output_bytes,
            written_bytes: 0,
            memory_file_bytes: 0,
            looks: 0,
            peak_bytes: None,
            shared_memory_bytes: 0,
            deadline: plan.limits.wall_time_ms.map(|ms| (Instant::now() + Duration::from_millis(ms), ms)),
            due: Instant::now() + INTERVAL,
            disks: disks.iter().filter_map(|path| free_bytes(path).map(|free| (path.to_path_buf(), free))).collect(),
        }
    }

    /// How long until it must look again. `None`: there is nothing to look at.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        let regular =
            self.memory_bytes.or(self.disk_bytes).or(self.processes).or(self.cpu_time_ms).is_some().then_some(self.due);
        let next = regular.into_iter().chain(self.deadline.map(|(at, _)| at)).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// The first limit that has been reached. Does nothing until the next look is due.
    pub(crate) fn look(&mut self, first_process: Pid) -> Option<LimitReached> {
        let at_once = self.wall_time().or_else(|| self.output());
        if at_once.is_some() || Instant::now() < self.due {
            return at_once;
        }
        self.due = Instant::now() + INTERVAL;
        self.processes(first_process)
            .or_else(|| self.cpu_time(first_process))
            .or_else(|| self.memory(first_process))
            .or_else(|| self.disk())
    }

    fn wall_time(&self) -> Option<LimitReached> {
        let (deadline, limit_ms) = self.deadline?;
        (Instant::now() >= deadline).then_some(LimitReached::WallTime { limit_ms })
    }

    fn output(&self) -> Option<LimitReached> {
        let limit_bytes = self.output_bytes?;
        (self.written_bytes > limit_bytes).then_some(LimitReached::Output { limit_bytes })
    }

    /// Counts output that has passed through the supervisor.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.written_bytes += bytes as u64;
    }

    fn processes(&self, first_process: Pid) -> Option<LimitReached> {
        let limit = self.processes?;
        let used = process_tree::count(first_process);
        (used > limit).then_some(LimitReached::Processes { used, limit })
    }

    fn memory(&mut self, first_process: Pid) -> Option<LimitReached> {
        let limit_bytes = self.memory_bytes?;
        self.looks += 1;
        if self.looks.is_multiple_of(MEMORY_FILES_EVERY) {
            self.memory_file_bytes = process_tree::memory_file_bytes(first_process);
        }
        let of_no_process = self.memory_file_bytes + self.shared_memory_bytes;
        let quick_bytes = process_tree::resident_bytes(first_process) + of_no_process;
        self.peak_bytes = self.peak_bytes.max(Some(quick_bytes));
        if quick_bytes <= limit_bytes {
            return None;
        }
        // The quick figure counts shared pages for each; before acting, count properly. What is mapped of memory files
        // counts once, as the larger of both.
        let used_bytes =
            process_tree::proportional_bytes(first_process).max(self.memory_file_bytes) + self.shared_memory_bytes;
        (used_bytes > limit_bytes).then_some(LimitReached::Memory { used_bytes, limit_bytes })
    }

    /// The most memory that the run held when it was looked at, in bytes; nothing where it was not.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        self.peak_bytes
    }

    /// Whether it is time to ask the first process what only it can see.
    pub(crate) fn wants_shared_memory(&self) -> bool {
        self.memory_bytes.is_some() && Instant::now() >= self.due && self.looks.is_multiple_of(MEMORY_FILES_EVERY)
    }

    /// What the first process has answered.
    pub(crate) fn shared_memory(&mut self, mib: i32) {
        self.shared_memory_bytes = u64::try_from(mib).unwrap_or(0) << 20;
    }

    fn cpu_time(&self, first_process: Pid) -> Option<LimitReached> {
        let limit_ms = self.cpu_time_ms?;
        let used_ms = process_tree::cpu_ms(first_process);
        (used_ms > limit_ms).then_some(LimitReached::CpuTime { used_ms, limit_ms })
    }

    fn disk(&self) -> Option<LimitReached> {
        let limit_bytes = self.disk_bytes?;
        let grown = |(path, before): &(PathBuf, u64)| Some(before.saturating_sub(free_bytes(path)?));
        let used_bytes = self.disks.iter().filter_map(grown).max()?;
        (used_bytes > limit_bytes).then_some(LimitReached::Disk { used_bytes, limit_bytes })
    }
}

/// Free bytes of the file system that `path` is on.
fn free_bytes(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(path).ok().map(|stat| stat.f_bfree * stat.f_frsize)
}
