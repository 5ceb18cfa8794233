//! For each promise, by what it is kept. A plan that asks for more than the host can keep does not start.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What Pinfold promises about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Nothing outside the writable paths changes: content, names, modes, times, attributes.
    WritesConfined,
    /// Nothing outside the readable paths can be read.
    ReadsConfined,
    /// Files that a deny rule names cannot be read or changed.
    SecretsHidden,
    /// What exists in the workspace and would execute outside cannot be changed.
    MetadataSealed,
    /// Such a name that does not exist yet is moved away when it appears.
    MetadataWatched,
    /// What is written to the workspace does not reach it before somebody takes it over.
    WorkspaceStaged,
    /// What the run changes in the workspace can be undone.
    ChangesUndone,
    /// Package caches of the host are used, but not changed.
    CachesIntact,
    /// No byte leaves or enters by the network.
    NetworkOff,
    /// The network reaches what the rules allow, and nothing else.
    NetworkRules,
    /// Sockets of programs outside cannot be reached.
    SocketsOutside,
    /// Processes outside cannot be seen, signalled, traced or read.
    ProcessesOutside,
    /// Shared memory, semaphores and message queues of others cannot be reached.
    IpcOutside,
    /// No privilege can be gained, not by setuid programs and not by new namespaces.
    NoPrivileges,
    /// Rarely used and dangerous parts of the kernel are out of reach.
    KernelSurface,
    /// Called by root, the command is nobody to the host.
    RootIsNobody,
    /// Nothing survives the run or its supervisor.
    NothingSurvives,
    /// The caller's terminal cannot be typed into.
    TerminalSafe,
    /// Only allowed variables and the standard descriptors get in; keyrings do not.
    NothingInherited,
    /// The number of processes is limited.
    LimitProcesses,
    /// Memory is limited.
    LimitMemory,
    /// What is written to disk is limited.
    LimitDisk,
    /// CPU time is limited.
    LimitCpu,
    /// Wall-clock time is limited.
    LimitWallTime,
    /// The number of open files is limited.
    LimitOpenFiles,
    /// What is written to the standard output is limited.
    LimitOutput,
}

impl Promise {
    /// The promise in words, fit after "promises that".
    pub fn text(self) -> &'static str {
        match self {
            Self::WritesConfined => "nothing outside the writable paths changes",
            Self::ReadsConfined => "nothing outside the readable paths is read",
            Self::SecretsHidden => "denied files are hidden",
            Self::MetadataSealed => "hooks, git configuration and editor settings stay as they are",
            Self::MetadataWatched => "new hooks, configuration and settings are quarantined",
            Self::WorkspaceStaged => "the workspace stays as it is until what is written is taken over",
            Self::ChangesUndone => "what the run changes in the workspace can be undone",
            Self::CachesIntact => "package caches of the host stay as they are",
            Self::NetworkOff => "nothing leaves or enters by the network",
            Self::NetworkRules => "the network reaches what the rules allow",
            Self::SocketsOutside => "sockets of programs outside are out of reach",
            Self::ProcessesOutside => "processes outside are out of reach",
            Self::IpcOutside => "shared memory and queues outside are out of reach",
            Self::NoPrivileges => "no privilege is gained",
            Self::KernelSurface => "dangerous system calls are refused",
            Self::RootIsNobody => "root inside is nobody outside",
            Self::NothingSurvives => "nothing survives the run",
            Self::TerminalSafe => "the terminal is not typed into",
            Self::NothingInherited => "no variable, descriptor or key is inherited unasked",
            Self::LimitProcesses => "the number of processes is limited",
            Self::LimitMemory => "memory is limited",
            Self::LimitDisk => "disk use is limited",
            Self::LimitCpu => "CPU time is limited",
            Self::LimitWallTime => "wall-clock time is limited",
            Self::LimitOpenFiles => "open files are limited",
            Self::LimitOutput => "output is limited",
        }
    }

    /// The promise as it is named in JSON and in the documentation.
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}

/// What keeps a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeper {
    /// What is not mounted is not there; what is mounted read-only stays.
    Mount,
    /// An own process, network, IPC or user namespace.
    Namespace,
    /// Landlock rules or scopes.
    Landlock,
    /// The system call filter.
    Seccomp,
    /// No capabilities and no new privileges.
    Credentials,
    /// Id-mapped mounts and an unprivileged user id.
    IdMap,
    /// Resource limits (`setrlimit(2)`).
    Rlimit,
    /// The size of a memory-backed file system.
    TmpfsSize,
    /// A terminal of its own, relayed.
    Pty,
    /// The supervisor, which looks regularly and acts.
    Watch,
    /// The supervisor, before the start.
    Supervisor,
    /// The gate, the only way out to the network.
    Gate,
    /// Restricting identifiers of a token, and entries in access lists.
    RestrictedToken,
    /// Mandatory integrity: the command may not write what is trusted more.
    Integrity,
    /// Handles of the supervisor that share no deletion.
    Handles,
    /// A job that all processes of the run are in.
    Job,
    /// A desktop of its own.
    Desktop,
    /// An account of its own that owns nothing.
    Account,
    /// Firewall rules and filters for that account.
    Firewall,
    /// The rules of a Seatbelt profile.
    Seatbelt,
}

impl fmt::Display for Keeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mount => "kernel: mount",
            Self::Namespace => "kernel: namespace",
            Self::Landlock => "kernel: landlock",
            Self::Seccomp => "kernel: seccomp",
            Self::Credentials => "kernel: credentials",
            Self::IdMap => "kernel: id map",
            Self::Rlimit => "kernel: rlimit",
            Self::TmpfsSize => "kernel: tmpfs size",
            Self::Pty => "own terminal",
            Self::Watch => "watch",
            Self::Supervisor => "supervisor",
            Self::Gate => "gate",
            Self::RestrictedToken => "kernel: restricted token",
            Self::Integrity => "kernel: integrity level",
            Self::Handles => "kernel: share modes",
            Self::Job => "kernel: job",
            Self::Desktop => "kernel: desktop",
            Self::Account => "kernel: account",
            Self::Firewall => "kernel: firewall",
            Self::Seatbelt => "kernel: seatbelt",
        })
    }
}

/// By what one promise is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assurance {
    /// The promise.
    pub promise: Promise,
    /// What keeps it, each on its own where there are several. Empty: nothing does.
    pub kept_by: Vec<Keeper>,
    /// How far it goes or why nothing keeps it.
    pub note: Option<String>,
    /// What would help, when nothing keeps it.
    pub remedy: Option<String>,
}

impl Assurance {
    /// A promise that is kept.
    pub fn kept(promise: Promise, kept_by: &[Keeper]) -> Self {
        Self { promise, kept_by: kept_by.to_vec(), note: None, remedy: None }
    }

    /// A promise that this host cannot keep.
    pub fn missing(promise: Promise, note: &str, remedy: &str) -> Self {
        Self { promise, kept_by: Vec::new(), note: Some(note.into()), remedy: Some(remedy.into()) }
    }

    /// Adds how far the promise goes.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// That changes can be undone, where only Linux tells of them before they are made.
    pub(crate) fn not_undone(promise_wanted: bool) -> Option<Self> {
        promise_wanted.then(|| {
            Self::missing(
                Promise::ChangesUndone,
                "only on Linux pinfold is told of changes before they are made",
                "commit what you have before you start",
            )
        })
    }

    /// Whether something keeps it.
    pub fn is_kept(&self) -> bool {
        !self.kept_by.is_empty()
    }

    /// What keeps it, in words.
    pub fn keepers(&self) -> String {
        if self.kept_by.is_empty() {
            return "none".to_owned();
        }
        self.kept_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// The promises of a plan that nothing keeps: why the run does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this host cannot keep {} of the policy's promises", missing.len())]
pub struct Refusal {
    /// The promises, with note and remedy.
    pub missing: Vec<Assurance>,
}

impl Refusal {
    /// What is missing in a table, if anything.
    pub fn of(table: &[Assurance]) -> Option<Self> {
        let missing: Vec<_> = table.iter().filter(|assurance| !assurance.is_kept()).cloned().collect();
        (!missing.is_empty()).then_some(Self { missing })
    }
}
