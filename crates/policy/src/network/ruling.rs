//! A question to the rules, and the answer.

use core::net::IpAddr;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::network::name::{Host, Name, NotAName};
use crate::network::ports::Ports;
use crate::origin::Rule;

/// Where something inside wants to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The name, if it goes by one.
    pub name: Option<Name>,
    /// The address, if it goes by a literal one.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

impl Destination {
    /// The destination of a host and a port.
    pub fn new(host: Host, port: u16) -> Self {
        match host {
            Host::Name(name) => Self { name: Some(name), address: None, port },
            Host::Address(address) => Self { name: None, address: Some(address), port },
        }
    }

    /// Reads `HOST:PORT`, or `HOST` for that other port.
    ///
    /// # Errors
    /// When the host is neither a name nor an address in its plain notation, or the port none.
    pub fn parse(text: &str, port: u16) -> Result<Self, NotAName> {
        let (host, written) = Host::split_port(text);
        let port = match written.map(Ports::parse) {
            None => port,
            Some(Ok(Ports::These(ports))) => ports.first().copied().unwrap_or(port),
            Some(_) => return Err(NotAName::Port),
        };
        Ok(Self::new(Host::new(host)?, port))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.address) {
            (Some(name), _) => write!(f, "{name}:{}", self.port),
            (None, Some(address)) => write!(f, "{}:{}", Host::Address(address), self.port),
            (None, None) => write!(f, "port {} of nothing", self.port),
        }
    }
}

/// May it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Yes.
    Allow,
    /// No, and nobody need be asked: a rule, the managed policy or the kind of address says so.
    Deny,
    /// No rule says anything: no, unless the user is asked and says yes.
    Unnamed,
}

/// The answer to a connection, a request or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ruling {
    /// May it?
    pub verdict: Decision,
    /// If it may: must each of its requests be judged, so that TLS is to be opened?
    pub inspect: bool,
    /// Why, as a clause.
    pub reason: String,
    /// The rule that decided.
    pub rule: Option<Rule>,
}

impl Ruling {
    /// May it?
    pub fn allowed(&self) -> bool {
        self.verdict == Decision::Allow
    }

    pub(super) fn new(verdict: Decision, reason: impl Into<String>, rule: Option<Rule>) -> Self {
        Self { verdict, inspect: false, reason: reason.into(), rule }
    }

    pub(super) fn allow(reason: &str, rule: Rule) -> Self {
        Self::new(Decision::Allow, reason, Some(rule))
    }

    pub(super) fn deny(reason: impl Into<String>, rule: Option<Rule>) -> Self {
        Self::new(Decision::Deny, reason, rule)
    }
}
