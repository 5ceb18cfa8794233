//! The plan: everything a backend of Windows will do, as data.

use serde::{Deserialize, Serialize};

use super::{Desktop, Edit, Job, Mitigation, Root, Token};
use crate::{Assurance, Limits, Watch};

/// Under whose name the command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The caller's, with a token that can do less. Needs no set-up.
    Caller,
    /// That of the account which the firewall keeps from the network.
    Offline,
    /// That of the account which has the network of the machine.
    Online,
}

/// What the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The firewall lets nothing through.
    None,
    /// The firewall lets nothing through but to the gate, a proxy at this port of the loopback.
    Gate {
        /// The port.
        port: u16,
        /// TLS of some hosts is opened, so that programs must trust the gate's own authority.
        inspects: bool,
    },
    /// The network of the machine. Where the caller's own identity has to do, whatever the policy says.
    Host,
}

/// Everything the backend will do. Paths are absolute, without links, with backslashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// Format of this data, [`Plan::FORMAT`].
    pub format: u32,
    /// Under whose name the command runs.
    pub identity: Identity,
    /// The profile the policy started from.
    pub profile: String,
    /// The workspace.
    pub workspace: String,
    /// The caller's home directory.
    pub home: String,
    /// What the run has in its place, by variables.
    pub private_home: String,
    /// The run's temporary directory, by variables.
    pub private_temp: String,
    /// What the network is.
    pub network: Network,
    /// The token of the command.
    pub token: Token,
    /// Where the command is let in.
    pub roots: Vec<Root>,
    /// What is changed about access lists and labels for that, parents first.
    pub edits: Vec<Edit>,
    /// What must keep its name and place while the run lives: the supervisor holds handles to it that share no deletion.
    pub pins: Vec<String>,
    /// The job.
    pub job: Job,
    /// Where windows would be.
    pub desktop: Desktop,
    /// What every process does without.
    pub mitigations: Vec<Mitigation>,
    /// What the run may use; the part that the job does not limit is watched.
    pub limits: Limits,
    /// Names that must not appear.
    pub watch: Vec<Watch>,
    /// For each promise, by what it is kept.
    pub assurance: Vec<Assurance>,
}

impl Plan {
    /// The format that this code writes and reads.
    pub const FORMAT: u32 = 1;
}
