//! Facts about a Mac and the workspace, gathered before planning. Plain data, so that hosts can be invented.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{GitDirectory, Kind};

/// The machine, the caller and the workspace.
///
/// Paths are as the kernel tells them (`fcntl(F_GETPATH)`): without links and in the spelling on disk. One that a policy
/// writes in another case than the disk is a [`Kind::Link`] to the real one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Host {
    /// The caller's user id.
    pub uid: u32,
    /// The private home of the workspace.
    pub private_home: PathBuf,
    /// The temporary directory of the session.
    pub private_temp: PathBuf,
    /// What the paths of the policy are. Missing paths are missing here.
    pub paths: BTreeMap<PathBuf, Kind>,
    /// Symbolic links on the way to what is visible (`/tmp`, `/var`, `/etc`), with what they say.
    pub links: BTreeMap<PathBuf, PathBuf>,
    /// The port of the loopback on which the gate listens, if there is one.
    pub gate_port: Option<u16>,
    /// Where a run with a gate keeps the certificates that it trusts, as PEM; beside it, ending in `.jks`, for Java.
    pub own_trust: PathBuf,
    /// The terminal that the command gets, such as `/dev/ttys004`.
    pub terminal: Option<PathBuf>,
    /// Existing paths that a deny rule names, below the places that were looked through; directories flagged.
    pub denied: Vec<(PathBuf, bool)>,
    /// Existing files that a mask should lie over.
    pub masked: BTreeSet<PathBuf>,
    /// Git directories in and of the workspace.
    pub git: Vec<GitDirectory>,
    /// Existing protected names in the workspace.
    pub protected: Vec<PathBuf>,
    /// Paths directly below the workspace that have a protected name, whatever they are.
    pub present: BTreeSet<PathBuf>,
}
