//! Facts about the machine and the workspace, gathered before planning. Plain data, so that hosts can be invented.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A directory.
    Directory,
    /// Anything else that is not a link.
    File,
    /// A path with a symbolic link in it.
    Link {
        /// The existing path it leads to, without links.
        leads_to: PathBuf,
        /// Whether that is a directory.
        directory: bool,
    },
}

/// A git directory and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GitDirectory {
    /// The directory that holds `HEAD`: `.git`, a linked worktree's or submodule's real one, or a bare repository.
    pub path: PathBuf,
    /// Outside of the workspace, because the workspace is a linked worktree or a submodule.
    pub outside: bool,
    /// The `.git` *file* that points at it, when that is how it is found.
    pub pointer: Option<PathBuf>,
    /// Entries that exist, of those that can be protected.
    pub existing: Vec<PathBuf>,
}

/// Directories of pinfold's own that lie over the places of a stage. In each there is one directory for each place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stage {
    /// What takes what is written.
    pub top: PathBuf,
    /// What was written before and stays as it is, the uppermost first.
    pub frozen: Vec<PathBuf>,
}

impl Stage {
    /// The name of the directory of a place: its path with other separators.
    pub fn name_of(place: &Path) -> String {
        place.to_string_lossy().trim_start_matches('/').replace('%', "%25").replace('/', "%2F")
    }
}

/// The machine, the caller and the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Host {
    /// The caller's user id.
    pub uid: u32,
    /// The caller's group id.
    pub gid: u32,
    /// Why user namespaces cannot be made, if so.
    pub no_user_namespaces: Option<String>,
    /// Whether mounts can be id-mapped: the caller is root on the host and the workspace's file system can.
    pub id_mapped_mounts: bool,
    /// Owner of the workspace on disk.
    pub workspace_owner: (u32, u32),
    /// Best Landlock interface, 0 for none.
    pub landlock_abi: u32,
    /// Kernel release, major and minor.
    pub kernel: (u32, u32),
    /// Whether overlays can be mounted without privileges over the places that need it.
    pub overlay: bool,
    /// Why the kernel tells nobody of calls before it carries them out, if so and if it was asked (seccomp_unotify(2)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold: Option<String>,
    /// The private home of the workspace.
    pub private_home: PathBuf,
    /// Where layers over package caches are kept.
    pub layers: PathBuf,
    /// Where a staged run keeps what it writes to the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// A temporary directory of the session, for backends without a memory-backed one of their own.
    pub private_temp: PathBuf,
    /// What the paths of the policy and the fixed system paths are. Missing paths are missing here.
    pub paths: BTreeMap<PathBuf, Kind>,
    /// Symbolic links on the way to what is visible, with what they say.
    pub links: BTreeMap<PathBuf, PathBuf>,
    /// What it calls itself.
    pub name: String,
    /// What `/etc/resolv.conf` leads to.
    pub resolver: Option<PathBuf>,
    /// What `/etc/hosts` leads to.
    pub hosts: Option<PathBuf>,
    /// Whether connections can be redirected in a network namespace that the caller makes (nf_tables).
    pub redirects: bool,
    /// Existing files with the certificates that programs trust, without links.
    pub trust_bundles: Vec<PathBuf>,
    /// Existing stores with those that programs on a JVM trust, without links.
    pub java_trust_stores: Vec<PathBuf>,
    /// Where a run with a gate keeps its own, on the host, as PEM; beside it, ending in `.jks`, the same for Java.
    pub own_trust: PathBuf,
    /// Existing paths that a deny rule names, below the places that were looked through; directories flagged.
    pub denied: Vec<(PathBuf, bool)>,
    /// Those of them that would not be denied in another place: the directories above must keep their names, or the
    /// next run would find them elsewhere.
    pub denied_in_place: Vec<PathBuf>,
    /// Existing files that a mask lies over, with their text without the values. None of them is in `denied`.
    #[serde(default)]
    pub masked: BTreeMap<PathBuf, String>,
    /// Files that a mask should lie over and that are none that can be masked, with the reason. They are in `denied`.
    #[serde(default)]
    pub unmaskable: BTreeMap<PathBuf, String>,
    /// Git directories in and of the workspace.
    pub git: Vec<GitDirectory>,
    /// Existing protected names in the workspace.
    pub protected: Vec<PathBuf>,
    /// Paths directly below the workspace that have a protected name, whatever they are.
    pub present: BTreeSet<PathBuf>,
    /// System files that the caller may read though they hold secrets (`/etc/shadow` as root).
    pub readable_secrets: Vec<(PathBuf, bool)>,
}

impl Host {
    /// What an existing path is.
    pub fn kind(&self, path: &Path) -> Option<&Kind> {
        self.paths.get(path)
    }
}
