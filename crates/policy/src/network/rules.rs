//! The rules of a run, ready to judge connections, requests and addresses.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::hint;
use crate::network::mode::NetworkMode;
use crate::network::name::{Host, Name, NotAName, split_port};
use crate::network::path::RequestPath;
use crate::network::ports::Ports;
use crate::network::range::Range;
use crate::network::scope::{HostRule, HostScope, Hosts};
use crate::network::special::{Block, special};
use crate::network::{HOST_NAME, Network};
use crate::origin::{LayerKind, Origin, Rule};
use crate::platform::Places;
use crate::policy::Policy;

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
        let (host, written) = split_port(text);
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

    fn new(verdict: Decision, reason: impl Into<String>, rule: Option<Rule>) -> Self {
        Self { verdict, inspect: false, reason: reason.into(), rule }
    }

    fn allow(reason: &str, rule: Rule) -> Self {
        Self::new(Decision::Allow, reason, Some(rule))
    }

    fn deny(reason: impl Into<String>, rule: Option<Rule>) -> Self {
        Self::new(Decision::Deny, reason, rule)
    }
}

/// A request of HTTP, as far as rules speak of it.
struct Request<'a> {
    method: &'a str,
    path: RequestPath,
}

/// The network of a policy, ready to judge. Plain data: it travels to wherever the gate is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rules {
    network: Network,
    /// Where secrets are used, which takes a look inside as well.
    secrets: Vec<HostScope>,
    places: Places,
}

impl Rules {
    /// The rules of a policy.
    pub fn new(policy: &Policy) -> Self {
        let secrets = policy.secrets.iter().flat_map(|secret| secret.hosts.iter().cloned()).collect();
        Self { network: policy.network.clone(), secrets, places: policy.places.clone() }
    }

    /// May something inside connect there?
    ///
    /// Where `inspect` is set, each request is to be asked for with [`Rules::request`]; and before the gate dials,
    /// the address is, with [`Rules::address`].
    pub fn connect(&self, to: &Destination) -> Ruling {
        let ruling = self.judge(to, None);
        let address = to.address.filter(|_| ruling.verdict != Decision::Deny).map(|address| self.address(address, to));
        address.filter(|address| !address.allowed()).unwrap_or(ruling)
    }

    /// May something inside make this request there? `path` is as it stands in the request, with or without query.
    pub fn request(&self, to: &Destination, method: &str, path: &str) -> Ruling {
        let connect = self.connect(to);
        if !connect.allowed() {
            return connect;
        }
        self.judge(to, Some(&Request { method, path: RequestPath::new(path) }))
    }

    /// May the gate dial this address for it? `address` is what the name resolved to, or the one that was asked for.
    pub fn address(&self, address: IpAddr, to: &Destination) -> Ruling {
        if let Some(ruling) = self.by_mode() {
            return ruling;
        }
        let denial = |rule: &&HostRule| !rule.scope.looks_inside() && rule.has_meaning(address, to.port);
        if let Some(rule) = self.strongest_denial(denial) {
            return denied(rule);
        }
        if is_host(to) {
            return match address.to_canonical().is_loopback() {
                true => self.host_port(to.port),
                false => Ruling::deny(format!("{HOST_NAME} is the host's loopback only"), None),
            };
        }
        let Some(block) = special(address) else { return self.public_address(address, to) };
        let opens = |rule: &&HostRule| opens(rule, &block, address, to);
        let why = format!("{} is {}", address.to_canonical(), block.what);
        let Some(rule) = self.network.allow.iter().find(opens) else {
            return Ruling::deny(format!("{why}, and no rule names it"), None);
        };
        match self.network.ceilings.iter().find(|ceiling| !ceiling.allow.iter().any(|rule| opens(&rule))) {
            Some(ceiling) => forbidden(&format!("{why}, and "), &ceiling.origin),
            None => Ruling::allow("a rule names this address", rule.rule()),
        }
    }

    /// The smallest change that would let something inside connect there; nothing where none of the user's would.
    pub fn smallest_change(&self, to: &Destination) -> Option<String> {
        if self.connect(to).allowed() || self.managed_refusal(to) {
            return None;
        }
        let file = self.places.platform.user_policy();
        let off = if self.network.mode == NetworkMode::Off { " and set network.mode to \"rules\" there" } else { "" };
        if let Some(rule) = self.strongest_denial(|rule| denies(rule, to, None)) {
            return Some(format!("remove the rule at {}{off}", rule.origin));
        }
        if is_host(to) {
            return Some(format!(
                "run with --host-port {port}, or add {port} to network.host-ports in {file}{off}",
                port = to.port
            ));
        }
        let hosts = match (&to.name, to.address) {
            (Some(name), _) => Hosts::Name(name.clone()),
            (None, address) => Hosts::Range(Range::one(address?)),
        };
        let ports = if Ports::Web.contains(to.port) { Ports::Web } else { Ports::These(vec![to.port]) };
        let change = hint::change("--allow-host", "network.allow", &format!("{hosts}{ports}"), &self.places)?;
        Some(format!("{change}{off}"))
    }

    /// Does the managed policy stand in the way, whatever the others say?
    fn managed_refusal(&self, to: &Destination) -> bool {
        let denial = self.strongest_denial(|rule| denies(rule, to, None));
        let block = to.address.and_then(special);
        let admits = |rule: &HostRule| match (block, to.address) {
            (Some(block), Some(address)) => opens(rule, &block, address, to),
            _ => is_about(rule, to),
        };
        self.network.most == NetworkMode::Off
            || denial.is_some_and(|rule| rule.origin.layer == LayerKind::Managed)
            || (!is_host(to) && self.network.ceilings.iter().any(|ceiling| !ceiling.allow.iter().any(admits)))
    }

    /// Judges a connection, or one request of it.
    fn judge(&self, to: &Destination, request: Option<&Request<'_>>) -> Ruling {
        if let Some(ruling) = self.by_mode() {
            return ruling;
        }
        if to.port == 0 || (to.name.is_none() && to.address.is_none()) {
            return Ruling::deny("it names no host and port", None);
        }
        if let Some(rule) = self.strongest_denial(|rule| denies(rule, to, request)) {
            return denied(rule);
        }
        if is_host(to) {
            return self.host_port(to.port);
        }
        let allowing = |rules: &[HostRule]| allowing(rules, to, request).cloned();
        let Some(rule) = allowing(&self.network.allow) else { return self.unnamed(to, request) };
        let mut inspect = rule.scope.looks_inside();
        for ceiling in &self.network.ceilings {
            let Some(rule) = allowing(&ceiling.allow) else { return forbidden("", &ceiling.origin) };
            inspect |= rule.scope.looks_inside();
        }
        inspect |= self.network.deny.iter().any(|rule| rule.scope.looks_inside() && covers(rule, to));
        inspect |= self.secrets.iter().any(|scope| scope_is_about(scope, to));
        Ruling { inspect, ..Ruling::allow("a rule allows it", rule.rule()) }
    }

    /// What is decided without a look at the rules.
    fn by_mode(&self) -> Option<Ruling> {
        let rule = Rule {
            text: format!("network.mode \"{}\"", self.network.mode.name()),
            origin: self.network.origin.clone(),
        };
        match self.network.mode {
            NetworkMode::Off => Some(Ruling::deny("the network is off", Some(rule))),
            NetworkMode::Rules => None,
            NetworkMode::Full => Some(Ruling::allow("the network is the host's, without rules", rule)),
        }
    }

    fn host_port(&self, port: u16) -> Ruling {
        match self.network.host_ports.iter().find(|own| own.port == port) {
            Some(own) => {
                let rule = Rule { text: format!("network.host-ports {port}"), origin: own.origin.clone() };
                Ruling::allow("this port of the host is let in", rule)
            }
            None => Ruling::deny("no entry of network.host-ports names this port", None),
        }
    }

    fn unnamed(&self, to: &Destination, request: Option<&Request<'_>>) -> Ruling {
        let unnamed = |reason: &str, rule| Ruling::new(Decision::Unnamed, reason, rule);
        // Where the managed policy says no, nobody need be asked.
        if let Some(ceiling) =
            self.network.ceilings.iter().find(|ceiling| allowing(&ceiling.allow, to, request).is_none())
        {
            return forbidden("no rule in [network] allows it, and ", &ceiling.origin);
        }
        if request.is_some() {
            return unnamed("no rule in [network] allows this method and path", None);
        }
        match self.network.allow.iter().find(|rule| has_host(&rule.scope.hosts, to)) {
            Some(rule) => unnamed("rules in [network] name this host, but not this port", Some(rule.rule())),
            None => unnamed("no rule in [network] names this host", None),
        }
    }

    /// A public address is as good as the name that led to it; without a name, rules must name it.
    fn public_address(&self, address: IpAddr, to: &Destination) -> Ruling {
        let asked = Destination { address: Some(address), ..to.clone() };
        let ruling = self.judge(&asked, None);
        Ruling { inspect: false, ..ruling }
    }

    /// The denial of the strongest layer; layers are added from the weakest to the strongest.
    fn strongest_denial(&self, denies: impl Fn(&&HostRule) -> bool) -> Option<&HostRule> {
        self.network.deny.iter().rev().find(denies)
    }
}

/// The first rule that allows it; one that leaves requests alone goes before one that does not.
fn allowing<'a>(rules: &'a [HostRule], to: &Destination, request: Option<&Request<'_>>) -> Option<&'a HostRule> {
    let fits = |rule: &&HostRule| {
        is_about(rule, to) && request.is_none_or(|request| rule.scope.allows_request(request.method, &request.path))
    };
    let plain = rules.iter().find(|rule| !rule.scope.looks_inside() && fits(rule));
    plain.or_else(|| rules.iter().find(fits))
}

/// A rule about requests denies no connection as such.
fn denies(rule: &HostRule, to: &Destination, request: Option<&Request<'_>>) -> bool {
    let requests = match request {
        None => !rule.scope.looks_inside(),
        Some(request) => rule.scope.denies_request(request.method, &request.path),
    };
    requests && covers(rule, to)
}

/// Is an allowing rule about this destination? By its name if it has one.
fn is_about(rule: &HostRule, to: &Destination) -> bool {
    scope_is_about(&rule.scope, to)
}

fn scope_is_about(scope: &HostScope, to: &Destination) -> bool {
    scope.ports.contains(to.port) && has_host(&scope.hosts, to)
}

fn has_host(hosts: &Hosts, to: &Destination) -> bool {
    match (&to.name, to.address) {
        (Some(name), _) => hosts.has_name(name),
        (None, Some(address)) => hosts.has_address(address),
        (None, None) => false,
    }
}

/// Is a denying rule about this destination? By its name, or by any meaning of its address.
fn covers(rule: &HostRule, to: &Destination) -> bool {
    let HostScope { hosts, ports, .. } = &rule.scope;
    let named = *hosts == Hosts::Every || to.name.as_ref().is_some_and(|name| hosts.has_name(name));
    (named && ports.contains(to.port)) || to.address.is_some_and(|address| rule.has_meaning(address, to.port))
}

/// Does a rule name this special address? Its range lies within the block: `0.0.0.0/0` does not mean the loopback. For
/// a name, the rule must let everything through, as requests are judged by the name.
fn opens(rule: &HostRule, block: &Block, address: IpAddr, to: &Destination) -> bool {
    let Hosts::Range(range) = rule.scope.hosts else { return false };
    let whole = to.name.is_none() || !rule.scope.looks_inside();
    whole && block.range.covers(range) && range.contains(address) && rule.scope.ports.contains(to.port)
}

fn is_host(to: &Destination) -> bool {
    to.name.as_ref().is_some_and(|name| name.as_str() == HOST_NAME)
}

fn denied(rule: &HostRule) -> Ruling {
    let why = match rule.origin.layer {
        LayerKind::Managed => format!("the managed policy ({}) forbids it", rule.origin.place()),
        _ => "a rule denies it".to_owned(),
    };
    Ruling::deny(why, Some(rule.rule()))
}

fn forbidden(before: &str, ceiling: &Arc<Origin>) -> Ruling {
    Ruling::deny(format!("{before}the managed policy ({}) does not allow it", ceiling.place()), None)
}
