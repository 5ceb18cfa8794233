//! One step of building the root directory that a command sees.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Whether a mount can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing below can be changed, not even times, modes or attributes.
    ReadOnly,
    /// Ordinary file permissions decide.
    Writable,
}

/// On-disk ids that appear as the command's own, through an id-mapped mount (`mount_setattr(2)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Owner {
    /// User id on disk.
    pub uid: u32,
    /// Group id on disk.
    pub gid: u32,
}

/// A step of building the root, applied in the order of the plan. `at` is the path inside.
///
/// Every mount is `nosuid` and, but for the device files, `nodev`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Mount {
    /// A directory or file of the host, with everything mounted below it.
    Bind {
        /// The path on the host, without symbolic links.
        source: PathBuf,
        /// Where it appears.
        at: PathBuf,
        /// Whether it can be written.
        mode: Mode,
        /// A directory or a file.
        directory: bool,
        /// Made by pinfold when missing (the private home), rather than expected to exist.
        create: bool,
        /// Whose files appear as the command's own, where the command has another id than the caller.
        owner: Option<Owner>,
    },
    /// A directory of the host that can be written without the host's copy changing: an overlay whose upper layer is
    /// in `store`, which holds one `upper` and one `work` directory.
    CopyOnWrite {
        /// The path on the host, without symbolic links.
        source: PathBuf,
        /// Where it appears.
        at: PathBuf,
        /// The host directory that keeps what was written.
        store: PathBuf,
        /// Upper layers of earlier that lie between, read-only, the uppermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        frozen: Vec<PathBuf>,
        /// Whose files appear as the command's own, where the command has another id than the caller.
        owner: Option<Owner>,
    },
    /// A writable directory in the session's own memory-backed file system.
    Private {
        /// Where it appears.
        at: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// A file with this text, which nothing inside can change.
    Text {
        /// Where it appears; over a file of the host or in a place of its own.
        at: PathBuf,
        /// What it says.
        text: String,
    },
    /// A symbolic link.
    Link {
        /// Where it appears.
        at: PathBuf,
        /// What it says.
        target: PathBuf,
    },
    /// A directory of the private root itself, read-only and empty but for what the plan shows below it: a place at and below
    /// which something of the host can be shown while the run goes on.
    Place {
        /// Where it appears.
        at: PathBuf,
    },
    /// A path below a writable mount, mounted on itself, so that it can be neither renamed nor removed.
    Pin {
        /// The path.
        at: PathBuf,
    },
    /// A path below a writable mount, made read-only.
    Seal {
        /// The path.
        at: PathBuf,
    },
    /// A path that is hidden: an empty, unreadable file or directory lies over it.
    Hide {
        /// The path.
        at: PathBuf,
        /// A directory or a file.
        directory: bool,
    },
    /// A file of the host over which another text lies: its own without the values. If it is gone, nothing is there.
    Mask {
        /// The path.
        at: PathBuf,
        /// What it says, which is read-only.
        text: String,
    },
    /// `/proc` of the sandbox's own process namespace, with `/proc/sys` read-only.
    Proc,
    /// `/dev` with the harmless devices, its own `pts` and `shm`.
    Devices,
}

impl Mount {
    /// Whose files appear as the command's own.
    pub fn owner(&self) -> Option<Owner> {
        match self {
            Self::Bind { owner, .. } | Self::CopyOnWrite { owner, .. } => *owner,
            _ => None,
        }
    }

    /// Every path of the step.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Bind { source, at, .. } => vec![source, at],
            Self::CopyOnWrite { source, at, store, frozen, .. } => {
                [source, at, store].into_iter().chain(frozen).collect()
            }
            Self::Link { at, target } => vec![at, target],
            Self::Private { at, .. }
            | Self::Text { at, .. }
            | Self::Place { at }
            | Self::Pin { at }
            | Self::Seal { at }
            | Self::Hide { at, .. }
            | Self::Mask { at, .. } => vec![at],
            Self::Proc | Self::Devices => Vec::new(),
        }
    }

    /// The path inside that this step makes.
    pub fn at(&self) -> &Path {
        match self {
            Self::Bind { at, .. }
            | Self::CopyOnWrite { at, .. }
            | Self::Private { at, .. }
            | Self::Text { at, .. }
            | Self::Link { at, .. }
            | Self::Place { at }
            | Self::Pin { at }
            | Self::Seal { at }
            | Self::Hide { at, .. }
            | Self::Mask { at, .. } => at,
            Self::Proc => Path::new("/proc"),
            Self::Devices => Path::new("/dev"),
        }
    }
}
