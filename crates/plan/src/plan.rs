//! The plan: everything the backend will do, as data.

use std::path::{Path, PathBuf};

use pinfold_policy::Policy;
use serde::{Deserialize, Serialize};

use crate::{Assurance, Gate, Mount};

/// What turns the plan into a confined process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Linux with user namespaces: an own root, process table, network and IPC, with Landlock and seccomp on top.
    LinuxNamespaces,
    /// Linux without user namespaces: Landlock, seccomp and resource limits on the host's own root.
    LinuxLandlock,
}

/// Who the command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The caller's own user and group ids, without any capability.
    Caller {
        /// User id, inside and outside.
        uid: u32,
        /// Group id, inside and outside.
        gid: u32,
    },
    /// Called by root: uid 0 inside is the unprivileged `uid` outside. Files that the workspace's owner owns on disk
    /// appear as owned by uid 0 inside, through id-mapped mounts.
    Shadow {
        /// User and group id outside, owned by nobody.
        uid: u32,
        /// The user id that owns the workspace on disk.
        owner_uid: u32,
        /// The group id that owns the workspace on disk.
        owner_gid: u32,
    },
}

/// What the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing but the sandbox's own loopback.
    Loopback,
    /// No internet sockets at all.
    None,
    /// The host's network.
    Host,
    /// A network of its own that leads to the gate.
    Gate(Gate),
}

impl Network {
    /// Whether nothing outside can be reached.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Loopback | Self::None)
    }
}

/// What a Landlock rule allows below its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LandlockAccess {
    /// List directories.
    List,
    /// Read, list and execute.
    Read,
    /// Read, write to what exists, and control devices; make or remove nothing.
    Use,
    /// Everything but making device files.
    Write,
}

/// A Landlock rule: what may be done below a path (as seen inside).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LandlockRule {
    /// The path; a missing one is skipped.
    pub path: PathBuf,
    /// What is allowed.
    pub access: LandlockAccess,
}

/// What Landlock restricts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Landlock {
    /// Best interface version of the host, 0 when there is none.
    pub abi: u32,
    /// What may be reached; everything else is refused.
    pub rules: Vec<LandlockRule>,
}

impl Landlock {
    /// Whether what is shown at a path while the run goes on could be reached there.
    pub fn admits(&self, path: &Path, access: LandlockAccess) -> bool {
        let covers = |rule: &LandlockRule| path.starts_with(&rule.path) && rule.access >= access;
        self.abi == 0 || self.rules.iter().any(covers)
    }
}

/// Which variant of the system call filter is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Seccomp {
    /// User namespaces may be made inside.
    pub nested_namespaces: bool,
    /// Internet sockets may be made.
    pub internet_sockets: bool,
    /// Unix sockets may be made (pairs always may).
    pub unix_sockets: bool,
    /// System V and POSIX message queues, semaphores and shared memory may be used.
    pub system_v_ipc: bool,
}

/// Limits in the kernel's units. `None`: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Resident memory of the whole run, in bytes.
    pub memory_bytes: Option<u64>,
    /// Processes and threads of the whole run.
    pub processes: Option<u64>,
    /// Open files of one process.
    pub open_files: Option<u64>,
    /// CPU time of the whole run, in milliseconds.
    pub cpu_time_ms: Option<u64>,
    /// Wall-clock time of the run, in milliseconds.
    pub wall_time_ms: Option<u64>,
    /// Growth of the file systems the run writes to, in bytes.
    pub disk_bytes: Option<u64>,
    /// Size of one file, in bytes.
    pub file_size_bytes: Option<u64>,
    /// Size of the private memory-backed file system, in bytes.
    pub temp_bytes: Option<u64>,
    /// Bytes on standard output and standard error together.
    pub output_bytes: Option<u64>,
}

impl Limits {
    /// Those of a policy.
    pub fn of(policy: &Policy) -> Self {
        let limits = &policy.limits;
        Self {
            memory_bytes: limits.memory.value,
            processes: limits.processes.value,
            open_files: limits.open_files.value,
            cpu_time_ms: limits.cpu_time_ms.value,
            wall_time_ms: limits.wall_time_ms.value,
            disk_bytes: limits.disk.value,
            file_size_bytes: limits.file_size.value,
            temp_bytes: limits.temp.value,
            output_bytes: limits.output.value,
        }
    }
}

/// A protected name that does not exist: watched while the run lives, quarantined when it appears.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Watch {
    /// The directory that is watched.
    pub directory: PathBuf,
    /// The name that must not appear in it.
    pub name: PathBuf,
    /// A directory of that name may appear; only files and links are meant.
    pub files_only: bool,
}

/// Everything the backend will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// Format of this data, [`Plan::FORMAT`].
    pub format: u32,
    /// What does it.
    pub backend: Backend,
    /// Why the backend is not the best one, if so.
    pub fallback: Option<String>,
    /// The profile the policy started from.
    pub profile: String,
    /// The workspace, without symbolic links.
    pub workspace: PathBuf,
    /// The caller's home directory: inside, the private home is there.
    pub home: PathBuf,
    /// The private home on the host.
    pub private_home: PathBuf,
    /// The private temporary directory on the host, where the backend has no memory-backed one.
    pub private_temp: Option<PathBuf>,
    /// Who the command is.
    pub identity: Identity,
    /// What the network is.
    pub network: Network,
    /// Ports inside that the host's loopback shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<u16>,
    /// How the root is built, in order; empty where the backend has none of its own.
    pub mounts: Vec<Mount>,
    /// What Landlock restricts.
    pub landlock: Landlock,
    /// Which system calls are refused.
    pub seccomp: Seccomp,
    /// What the run may use.
    pub limits: Limits,
    /// Names that must not appear.
    pub watch: Vec<Watch>,
    /// For each promise, by what it is kept.
    pub assurance: Vec<Assurance>,
}

impl Plan {
    /// The format that this code writes and reads.
    pub const FORMAT: u32 = 1;

    /// What confines, without what is watched or told.
    pub fn confining(&self) -> Self {
        Self {
            fallback: None,
            profile: self.profile.clone(),
            workspace: self.workspace.clone(),
            home: self.home.clone(),
            private_home: self.private_home.clone(),
            private_temp: self.private_temp.clone(),
            publish: self.publish.clone(),
            mounts: self.mounts.clone(),
            landlock: self.landlock.clone(),
            watch: Vec::new(),
            assurance: Vec::new(),
            ..*self
        }
    }

    /// The plan with every path changed.
    pub fn with_paths(mut self, change: impl Fn(&Path) -> PathBuf) -> Self {
        let own =
            [&mut self.workspace, &mut self.home, &mut self.private_home].into_iter().chain(&mut self.private_temp);
        let rules = self.landlock.rules.iter_mut().map(|rule| &mut rule.path);
        let mounts = self.mounts.iter_mut().flat_map(Mount::paths_mut);
        let watched = self.watch.iter_mut().flat_map(Watch::paths_mut);
        own.chain(rules).chain(mounts).chain(watched).for_each(|path| *path = change(path));
        self
    }
}

impl Watch {
    /// Every path of it.
    pub fn paths_mut(&mut self) -> [&mut PathBuf; 2] {
        [&mut self.directory, &mut self.name]
    }
}
