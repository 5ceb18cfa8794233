//! The job that all processes of a run are in, and what surrounds them.

use serde::{Deserialize, Serialize};

use crate::Limits;

/// What the job limits (`JOBOBJECT_EXTENDED_LIMIT_INFORMATION`). It always kills what is in it when its last handle, which
/// is the supervisor's, is closed, and lets nothing break away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    /// Processes at one time (`JOB_OBJECT_LIMIT_ACTIVE_PROCESS`).
    pub processes: Option<u32>,
    /// Committed memory of all of them, in bytes (`JOB_OBJECT_LIMIT_JOB_MEMORY`).
    pub memory_bytes: Option<u64>,
    /// CPU time of all of them in user mode, in milliseconds (`JOB_OBJECT_LIMIT_JOB_TIME`).
    pub cpu_time_ms: Option<u64>,
    /// What of the user's desktop is out of reach (`JOBOBJECT_BASIC_UI_RESTRICTIONS`).
    pub interface: Vec<InterfaceLimit>,
}

/// A part of the user interface that the processes of a job do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceLimit {
    /// To make and switch desktops (`JOB_OBJECT_UILIMIT_DESKTOP`).
    Desktop,
    /// To change the display (`JOB_OBJECT_UILIMIT_DISPLAYSETTINGS`).
    DisplaySettings,
    /// To log off or shut down (`JOB_OBJECT_UILIMIT_EXITWINDOWS`).
    ExitWindows,
    /// Atoms of others (`JOB_OBJECT_UILIMIT_GLOBALATOMS`).
    GlobalAtoms,
    /// Windows and menus of others (`JOB_OBJECT_UILIMIT_HANDLES`).
    Handles,
    /// To read the clipboard (`JOB_OBJECT_UILIMIT_READCLIPBOARD`).
    ReadClipboard,
    /// To change settings of the user interface (`JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS`).
    SystemParameters,
    /// To write the clipboard (`JOB_OBJECT_UILIMIT_WRITECLIPBOARD`).
    WriteClipboard,
}

impl InterfaceLimit {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Desktop,
        Self::DisplaySettings,
        Self::ExitWindows,
        Self::GlobalAtoms,
        Self::Handles,
        Self::ReadClipboard,
        Self::SystemParameters,
        Self::WriteClipboard,
    ];
}

/// Where windows of the command would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desktop {
    /// On a desktop of the run's own, which nobody sees: what is sent to windows does not leave it.
    Private,
}

/// What a process does without from its start (`PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY`). Only what no tool of developers
/// needs: compilers and interpreters make code as they go, and load what lies in the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mitigation {
    /// Old ways to be loaded into every program: hooks of windows, input methods, layered services.
    NoExtensionPoints,
    /// No program code from file servers.
    NoRemoteImages,
}

impl Mitigation {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::NoExtensionPoints, Self::NoRemoteImages];
}

impl Job {
    /// A job for these limits. Within another job there are no limits of the user interface.
    pub(super) fn new(limits: &Limits, within_another: bool) -> Self {
        Self {
            processes: limits.processes.map(|processes| u32::try_from(processes).unwrap_or(u32::MAX)),
            memory_bytes: limits.memory_bytes,
            cpu_time_ms: limits.cpu_time_ms,
            interface: if within_another { Vec::new() } else { InterfaceLimit::ALL.to_vec() },
        }
    }
}
