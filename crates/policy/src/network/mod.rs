//! The network of a policy: which hosts may be reached, on which ports, and for HTTP by which requests.
//!
//! A name is judged as the client gave it, in its one form; the address it resolves to is judged again, and one that is
//! not of the public internet has to be named by a rule itself. A denial goes before everything that allows.

mod budget;
mod merging;
mod mode;
mod name;
mod path;
mod ports;
mod range;
mod rules;
mod ruling;
mod scope;
mod section;
mod special;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use budget::{Budget, BudgetName};
pub(crate) use merging::{add, cap, notes};
pub use mode::NetworkMode;
pub use name::{Host, Name, NotAName};
pub use path::PathPattern;
pub use ports::Ports;
pub(crate) use ports::port;
pub use range::Range;
pub use rules::Rules;
pub use ruling::{Decision, Destination, Ruling};
pub use scope::{HostRule, HostScope, HostText, Hosts};
pub use section::NetworkRules;
pub(crate) use section::{HostEntry, NetworkSection};
pub use special::{Block, special};

use crate::origin::Origin;

/// The name by which ports of the host's loopback are reached from inside.
pub const HOST_NAME: &str = "host.pinfold.internal";

/// The network of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// How much network there is.
    pub mode: NetworkMode,
    /// Who says so.
    pub origin: Arc<Origin>,
    /// The most that managed files let it be.
    pub most: NetworkMode,
    /// What may be reached.
    pub allow: Vec<HostRule>,
    /// What may not, whatever is allowed; from the weakest layer to the strongest.
    pub deny: Vec<HostRule>,
    /// What managed files allow at most: a connection must fit under every one.
    pub ceilings: Vec<NetworkCeiling>,
    /// Ports inside that the host's loopback shows.
    pub publish: Vec<PortRule>,
    /// Ports of the host's loopback that are reached from inside.
    pub host_ports: Vec<PortRule>,
    /// How much may leave, and how fast.
    pub budget: Budget,
}

/// The `allow` list of one managed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkCeiling {
    /// What may be reached at most.
    pub allow: Vec<HostRule>,
    /// The managed file.
    pub origin: Arc<Origin>,
}

/// A port that a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PortRule {
    /// The port.
    pub port: u16,
    /// Who says so.
    pub origin: Arc<Origin>,
}

impl Network {
    /// No network, and no rules.
    pub(crate) fn off(origin: &Arc<Origin>) -> Self {
        Self {
            mode: NetworkMode::Off,
            origin: origin.clone(),
            most: NetworkMode::Full,
            allow: Vec::new(),
            deny: Vec::new(),
            ceilings: Vec::new(),
            publish: Vec::new(),
            host_ports: Vec::new(),
            budget: Budget::none(origin),
        }
    }
}
