//! What one rule of the network is about: hosts, ports, and for HTTP methods and paths.

use core::net::IpAddr;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::network::name::{Host, Name};
use crate::network::path::{PathPattern, RequestPath};
use crate::network::ports::Ports;
use crate::network::range::Range;
use crate::network::ruling::Destination;
use crate::network::special::meanings;
use crate::origin::{Origin, Rule};
use crate::paths::check_text;
use crate::sets::{self, Use};
use crate::text::{Complaint, Text, quoted};

/// Which hosts a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hosts {
    /// Every name: `*`. No bare address.
    Every,
    /// Every name below this one, and not this one: `*.example.com`.
    Below(Name),
    /// This name.
    Name(Name),
    /// These addresses.
    Range(Range),
}

impl Hosts {
    pub(crate) fn has_name(&self, name: &Name) -> bool {
        match self {
            Self::Every => true,
            Self::Below(parent) => name.is_below(parent),
            Self::Name(own) => own == name,
            Self::Range(_) => false,
        }
    }

    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Range(range) if range.contains(address))
    }

    pub(crate) fn has(&self, to: &Destination) -> bool {
        match (&to.name, to.address) {
            (Some(name), _) => self.has_name(name),
            (None, Some(address)) => self.has_address(address),
            (None, None) => false,
        }
    }

    /// Are all the other's hosts among them?
    pub(crate) fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Range(own), Self::Range(range)) => own.covers(*range),
            (Self::Every, other) => !matches!(other, Self::Range(_)),
            (Self::Below(parent), Self::Below(name)) => name == parent || name.is_below(parent),
            (own, Self::Name(name)) => own.has_name(name),
            _ => false,
        }
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Name(name) => name.fmt(f),
            Self::Range(range) => range.fmt(f),
        }
    }
}

/// What a rule is about. Without methods and paths it is about every connection, with them about HTTP requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostScope {
    /// The hosts.
    pub hosts: Hosts,
    /// The ports.
    pub ports: Ports,
    /// Methods such as `GET`; empty: every one.
    pub methods: Vec<String>,
    /// Paths; empty: every one.
    pub paths: Vec<PathPattern>,
}

impl HostScope {
    /// Reads `HOST`, `HOST:PORT` or `HOST:*`, where the host is a name, `*.name`, `*`, an address or a range.
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        check_text(text)?;
        refuse_url(text)?;
        let (host, port) = Host::split_port(text);
        let ports = port.map_or(Ok(Ports::Unsaid), Ports::parse)?;
        Ok(Self { hosts: hosts(host)?, ports, methods: Vec::new(), paths: Vec::new() })
    }

    /// Does the rule need to look at requests?
    pub fn looks_inside(&self) -> bool {
        !self.methods.is_empty() || !self.paths.is_empty()
    }

    /// Is this destination one of its hosts and ports? By its name if it has one.
    pub fn is_about(&self, to: &Destination) -> bool {
        self.ports.contains(to.port) && self.hosts.has(to)
    }

    pub(crate) fn cover(&self, other: &Self) -> bool {
        let inside = !self.looks_inside() || (self.methods == other.methods && self.paths == other.paths);
        inside && self.hosts.cover(&other.hosts) && self.ports.cover(&other.ports)
    }

    /// Is there a connection that both are about?
    pub(crate) fn meets(&self, other: &Self) -> bool {
        (self.hosts.cover(&other.hosts) || other.hosts.cover(&self.hosts)) && self.ports.meet(&other.ports)
    }

    pub(crate) fn allows_request(&self, method: &str, path: &RequestPath) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|own| own == method))
            && (self.paths.is_empty() || path.is_allowed_by(&self.paths))
    }

    pub(crate) fn denies_request(&self, method: &str, path: &RequestPath) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|own| own.eq_ignore_ascii_case(method)))
            && (self.paths.is_empty() || path.is_denied_by(&self.paths))
    }
}

impl fmt::Display for HostScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.hosts, self.ports)
    }
}

fn hosts(text: &str) -> Result<Hosts, Complaint> {
    if text == "*" {
        return Ok(Hosts::Every);
    }
    if let Some(range) = Range::parse(text) {
        return range.map(Hosts::Range);
    }
    let name = |text: &str| {
        let hint = "write a name such as \"api.example.com\", \"*.example.com\" for all below it, an address such as \
                    \"192.0.2.1\", or a range such as \"192.0.2.0/24\"";
        Name::new(text).map_err(|error| Complaint::new(error.about(text), hint))
    };
    match text.strip_prefix("*.") {
        Some(parent) => name(parent).map(Hosts::Below),
        None => name(text).map(Hosts::Name),
    }
}

fn refuse_url(text: &str) -> Result<(), Complaint> {
    let host = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let Some(host) = host.or_else(|| {
        text.split_once('/').map(|(host, _)| host).filter(|host| Name::new(Host::split_port(host).0).is_ok())
    }) else {
        return Ok(());
    };
    let hint = format!("write the host, such as \"{host}\"; for paths write {{ host = \"{host}\", paths = [\"/…\"] }}");
    Err(Complaint::new(format!("{} is more than a host", quoted(text)), hint))
}

/// A checked entry of `allow` or `deny`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostText {
    /// A preset, with its `@`.
    Set(String),
    /// A rule.
    Rule(HostScope),
}

impl HostText {
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        if text.starts_with('@') {
            sets::check(text, Use::Hosts)?;
            return Ok(Self::Set(text.to_owned()));
        }
        HostScope::parse(text).map(Self::Rule)
    }
}

impl fmt::Display for HostText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(name) => f.write_str(name),
            Self::Rule(scope) => scope.fmt(f),
        }
    }
}

/// A rule of the merged policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostRule {
    /// What it is about.
    pub scope: HostScope,
    /// The preset it came from.
    pub set: Option<Text>,
    /// Who says so.
    pub origin: Arc<Origin>,
}

impl HostRule {
    /// Is it about this address, in whatever form, on this port?
    pub(crate) fn has_meaning(&self, address: IpAddr, port: u16) -> bool {
        self.scope.ports.contains(port) && meanings(address).any(|meaning| self.scope.hosts.has_address(meaning))
    }

    /// The rule with its place.
    pub fn rule(&self) -> Rule {
        let from = self.set.as_ref().map(|set| format!(" ({set})")).unwrap_or_default();
        let text = format!("{} \"{}\"{}{from}", self.origin.key, self.scope, self.scope.inside_text());
        Rule { text, origin: Arc::clone(&self.origin) }
    }
}

impl HostScope {
    /// Methods and paths in words, if any.
    fn inside_text(&self) -> String {
        let paths: Vec<&str> = self.paths.iter().map(PathPattern::as_str).collect();
        let parts = [self.methods.join(" "), paths.join(" ")];
        parts.iter().filter(|part| !part.is_empty()).map(|part| format!(" {part}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> HostScope {
        HostScope::parse(text).unwrap_or_else(|complaint| panic!("{}", complaint.message))
    }

    #[test]
    fn hosts_are_read_and_shown_the_same() {
        for (text, shown) in [
            ("API.github.com", "api.github.com"),
            ("*.Example.com", "*.example.com"),
            ("example.com:8443", "example.com:8443"),
            ("example.com:*", "example.com:*"),
            ("10.1.2.0/24:5432", "10.1.2.0/24:5432"),
            ("[2001:db8::]/32", "[2001:db8::]/32"),
            ("[2001:db8::]/32:80", "[2001:db8::]/32:80"),
            ("[2001:db8::/32]:80", "[2001:db8::]/32:80"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("[::1]:80", "[::1]:80"),
            ("*", "*"),
            ("*:22", "*:22"),
        ] {
            assert_eq!(scope(text).to_string(), shown, "{text}");
            assert_eq!(scope(shown), scope(text));
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "*.",
            "**.example.com",
            "a.*.com",
            "*example.com",
            "https://example.com",
            "example.com/x",
            "example.com:",
            "example.com:0",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "127.1:80",
            "*.1",
            "*.127.0.0.1",
            "!example.com",
            "user@example.com",
            "example.com:80:80",
            "[example.com]",
            "[::1",
            "1.2.3.4/40",
            "*.*",
            ".",
        ] {
            assert!(HostText::parse(text).is_err(), "{text}");
        }
        assert!(HostText::parse("@githab").is_err() && HostText::parse("@system").is_err());
    }

    #[test]
    fn wider_hosts_cover_narrower_ones() {
        let covers = |own: &str, other: &str| scope(own).cover(&scope(other));
        assert!(covers("*.a.com", "x.a.com") && covers("*.a.com", "*.b.a.com") && covers("*", "*.a.com"));
        assert!(!covers("*.a.com", "a.com") && !covers("*", "1.1.1.1") && !covers("a.com:443", "a.com"));
        assert!(scope("*.a.com").meets(&scope("*")) && !scope("a.com:1").meets(&scope("a.com:2")));
    }
}
