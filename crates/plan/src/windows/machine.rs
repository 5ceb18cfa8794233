//! Facts about a machine with Windows and its caller, beside those that every platform has ([`crate::Host`]).

use std::collections::BTreeMap;

use pinfold_acl::Sid;
use serde::{Deserialize, Serialize};

/// The machine and the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Machine {
    /// The build of Windows, such as 19045.
    pub build: u32,
    /// The caller.
    pub user: Sid,
    /// The caller's logon session, where it has one (`S-1-5-5-X-Y`).
    pub logon: Option<Sid>,
    /// The caller's groups that count.
    pub groups: Vec<Sid>,
    /// Whether the caller's processes are in a job already, in which others can have no limits of the user interface.
    pub in_job: bool,
    /// Synthetic identifiers by the path that each was made for, as [`super::areas`] spells it.
    pub identifiers: BTreeMap<String, Sid>,
    /// Paths of [`super::areas`] on volumes that keep no access lists (FAT).
    pub without_lists: Vec<String>,
    /// Files below what is protected or hidden that have another name as well: a directory does not speak for them, since
    /// they inherit from whichever directory came last.
    pub linked: Vec<String>,
    /// The program itself, which accounts must be able to start.
    pub program: Option<String>,
    /// What `pinfold setup` has made, when it is whole.
    pub accounts: Option<Accounts>,
}

/// Accounts that commands can run under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Accounts {
    /// The group of both, and of nobody else.
    pub group: Sid,
    /// The one that the firewall lets nowhere but to the gate.
    pub offline: Sid,
    /// The one with the network of the machine.
    pub online: Sid,
    /// The port of the loopback that the firewall leaves open to the offline account.
    pub gate_port: Option<u16>,
}
