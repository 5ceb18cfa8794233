//! The rules of a run, ready to judge connections, requests and addresses.

use core::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::hint;
use crate::network::budget::Budget;
use crate::network::mode::NetworkMode;
use crate::network::name::Name;
use crate::network::path::RequestPath;
use crate::network::ports::Ports;
use crate::network::range::Range;
use crate::network::ruling::{Decision, Destination, Ruling};
use crate::network::scope::{HostRule, HostScope, Hosts};
use crate::network::special::{Block, special};
use crate::network::{HOST_NAME, Network, PortRule};
use crate::origin::{LayerKind, Origin, Rule};
use crate::platform::Places;
use crate::policy::Policy;

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

    /// May a connection have to be opened to judge what is in it?
    pub fn inspects(&self) -> bool {
        let ceilings = self.network.ceilings.iter().flat_map(|ceiling| &ceiling.allow);
        let mut rules = self.network.allow.iter().chain(&self.network.deny).chain(ceilings);
        !self.secrets.is_empty() || rules.any(|rule| rule.scope.looks_inside())
    }

    /// May something inside make this request there? `path` is as it stands in the request, with or without query.
    pub fn request(&self, to: &Destination, method: &str, path: &str) -> Ruling {
        let connect = self.connect(to);
        if !connect.allowed() {
            return connect;
        }
        self.judge(to, Some(&Request { method, path: RequestPath::new(path) }))
    }

    /// Is there any port at which something inside may connect to this name, or might be let in if the user is asked?
    /// What is asked of the gate's DNS has no port; whoever connects is judged with [`Rules::connect`].
    pub fn name(&self, name: &Name) -> Ruling {
        if let Some(ruling) = self.by_mode() {
            return ruling;
        }
        let every_port = |rule: &&HostRule| matches!(rule.scope.ports, Ports::Unsaid | Ports::All);
        let named = |rule: &&HostRule| rule.scope.hosts.has_name(name);
        let denial = |rule: &&HostRule| !rule.scope.looks_inside() && every_port(rule) && named(rule);
        if let Some(rule) = self.strongest_denial(denial) {
            return denied(rule);
        }
        if name.as_str() == HOST_NAME {
            let first = self.network.host_ports.first().map(|own| self.host_port(own.port));
            return first.unwrap_or_else(|| Ruling::deny("network.host-ports names no port", None));
        }
        if let Some(ceiling) =
            self.network.ceilings.iter().find(|ceiling| !ceiling.allow.iter().any(|rule| named(&rule)))
        {
            return forbidden("", &ceiling.origin);
        }
        match self.network.allow.iter().find(named) {
            Some(rule) => Ruling::allow("a rule names it", rule.rule()),
            None => Ruling::new(Decision::Unnamed, "no rule in [network] names this host", None),
        }
    }

    /// The budgets of the run.
    pub fn budget(&self) -> &Budget {
        &self.network.budget
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
            _ => rule.scope.is_about(to),
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
        inspect |= self.secrets.iter().any(|scope| scope.is_about(to));
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

    /// May programs of the host reach this port inside?
    pub fn published(&self, port: u16) -> Ruling {
        by_port("network.publish", &self.network.publish, port, "this port is published")
    }

    fn host_port(&self, port: u16) -> Ruling {
        by_port("network.host-ports", &self.network.host_ports, port, "this port of the host is let in")
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
        match self.network.allow.iter().find(|rule| rule.scope.hosts.has(to)) {
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

/// A ruling by a list of single ports.
fn by_port(key: &str, rules: &[PortRule], port: u16, why: &str) -> Ruling {
    match rules.iter().find(|own| own.port == port) {
        Some(own) => Ruling::allow(why, Rule { text: format!("{key} {port}"), origin: own.origin.clone() }),
        None => Ruling::deny(format!("no entry of {key} names this port"), None),
    }
}

/// The first rule that allows it; one that leaves requests alone goes before one that does not.
fn allowing<'a>(rules: &'a [HostRule], to: &Destination, request: Option<&Request<'_>>) -> Option<&'a HostRule> {
    let fits = |rule: &&HostRule| {
        rule.scope.is_about(to)
            && request.is_none_or(|request| rule.scope.allows_request(request.method, &request.path))
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{TRUSTED, UNTRUSTED, flags, layer, linux, merged};
    use crate::flags::Setting;
    use crate::layers::{Layer, merge};
    use crate::origin::LayerKind::{Managed, User};

    const GIT: &str = "network.mode = 'rules'\nnetwork.allow = ['github.com', '*.example.com', 'db.corp.example:5432']";

    fn rules(layers: &[(LayerKind, &str)]) -> Rules {
        Rules::new(&merged(layers).policy)
    }

    /// A user's lists, with the mode that they count for.
    fn user(lists: &str) -> Rules {
        rules(&[(User, &format!("[network]\nmode = 'rules'\n{lists}"))])
    }

    fn to(text: &str) -> Destination {
        Destination::parse(text, 443).expect(text)
    }

    fn verdict(rules: &Rules, text: &str) -> Decision {
        rules.connect(&to(text)).verdict
    }

    fn may(rules: &Rules, text: &str) -> bool {
        rules.connect(&to(text)).allowed()
    }

    fn may_dial(rules: &Rules, text: &str, address: &str) -> bool {
        rules.address(address.parse().expect(address), &to(text)).allowed()
    }

    fn explained(rules: &Rules, text: &str) -> String {
        let ruling = rules.connect(&to(text));
        let rule = ruling.rule.map(|rule| format!("\nrule: {rule}")).unwrap_or_default();
        let hint = rules.smallest_change(&to(text)).map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("{:?}: {}{rule}{hint}", ruling.verdict, ruling.reason)
    }

    #[test]
    fn only_what_is_named_is_reached() {
        let rules = rules(&[(User, GIT)]);
        for text in
            ["github.com", "GitHub.COM.", "github.com:80", "a.example.com", "a.b.example.com", "db.corp.example:5432"]
        {
            assert!(may(&rules, text), "{text}");
        }
        for text in [
            "github.com:22",
            "example.com",
            "notexample.com",
            "x.github.com",
            "db.corp.example",
            "1.1.1.1",
            "github.com:0",
        ] {
            assert!(Destination::parse(text, 443).is_err() || !may(&rules, text), "{text}");
        }
    }

    #[test]
    fn a_name_is_known_if_any_port_of_it_may_be_reached() {
        let rules = user(
            "allow = ['db.example:5432', '*.b.example', 'c.example']
            deny = ['no.b.example', 'some.b.example:22', 'c.example:*']
            host-ports = [3000]",
        );
        let verdict = |text: &str| rules.name(&Name::new(text).expect(text)).verdict;
        for text in ["db.example", "a.b.example", "some.b.example", HOST_NAME] {
            assert_eq!(verdict(text), Decision::Allow, "{text}");
        }
        assert_eq!(["no.b.example", "c.example"].map(verdict), [Decision::Deny; 2]);
        assert_eq!(["b.example", "other.example"].map(verdict), [Decision::Unnamed; 2]);
        assert!(!user("").name(&Name::new(HOST_NAME).expect("a name")).allowed());
        let managed = [
            (User, "network.mode = 'rules'\nnetwork.allow = ['a.example']"),
            (Managed, "network.allow = ['b.example']"),
        ];
        assert_eq!(
            super::Rules::new(&merged(&managed).policy).name(&Name::new("a.example").expect("a name")).verdict,
            Decision::Deny
        );
    }

    #[test]
    fn a_refusal_names_the_rule_and_the_smallest_change() {
        let rules = rules(&[(User, &format!("{GIT}\nnetwork.deny = ['gist.example.com']"))]);
        assert_snapshot!(explained(&rules, "api.github.com"), @r##"
        Unnamed: no rule in [network] names this host
        hint: run with --allow-host api.github.com, or add "api.github.com" to network.allow in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(explained(&rules, "github.com:22"), @r##"
        Unnamed: rules in [network] name this host, but not this port
        rule: network.allow "github.com", ~/.config/pinfold/policy.toml:2 (user)
        hint: run with --allow-host github.com:22, or add "github.com:22" to network.allow in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(explained(&rules, "gist.example.com:22"), @r##"
        Deny: a rule denies it
        rule: network.deny "gist.example.com", ~/.config/pinfold/policy.toml:3 (user)
        hint: remove the rule at ~/.config/pinfold/policy.toml:3 (user)
        "##);
        assert_snapshot!(explained(&rules, "[::ffff:10.0.0.1]:5432"), @r##"
        Deny: 10.0.0.1 is a private address, and no rule names it
        hint: run with --allow-host 10.0.0.1:5432, or add "10.0.0.1:5432" to network.allow in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(explained(&rules, "host.pinfold.internal:5432"), @r##"
        Deny: no entry of network.host-ports names this port
        hint: run with --host-port 5432, or add 5432 to network.host-ports in ~/.config/pinfold/policy.toml
        "##);
        assert_snapshot!(explained(&rules, "github.com"), @r##"
        Allow: a rule allows it
        rule: network.allow "github.com", ~/.config/pinfold/policy.toml:2 (user)
        "##);
        assert_snapshot!(explained(&Rules::new(&merged(&[]).policy), "github.com"), @r##"
        Deny: the network is off
        rule: network.mode "off", profile `workspace`, network.mode
        hint: run with --allow-host github.com, or add "github.com" to network.allow in ~/.config/pinfold/policy.toml and set network.mode to "rules" there
        "##);
    }

    #[test]
    fn what_the_managed_policy_refuses_has_no_hint() {
        let managed = "network.allow = ['*.example.com']\nnetwork.deny = ['evil.example.com']";
        let rules = rules(&[(User, "network.mode = 'full'\nnetwork.allow = ['*']"), (Managed, managed)]);
        assert_snapshot!(explained(&rules, "evil.example.com"), @r##"
        Deny: the managed policy (/etc/pinfold/policy.toml:2) forbids it
        rule: network.deny "evil.example.com", /etc/pinfold/policy.toml:2 (managed)
        "##);
        assert_snapshot!(explained(&rules, "github.com"), @"Deny: the managed policy (/etc/pinfold/policy.toml:1) does not allow it");
        assert_snapshot!(explained(&rules, "10.0.0.1"), @r##"Deny: no rule in [network] allows it, and the managed policy (/etc/pinfold/policy.toml:1) does not allow it"##);
        assert!(may(&rules, "good.example.com") && !may(&rules, "good.example.com:22"));
    }

    #[test]
    fn an_address_is_judged_after_the_name() {
        let rules =
            user("allow = ['a.example', 'db.example:5432', '10.1.0.0/16:5432', '0.0.0.0/0']\ndeny = ['8.8.8.0/24']");
        assert!(may_dial(&rules, "a.example", "1.1.1.1") && may_dial(&rules, "a.example", "2606:4700::1"));
        for near in
            ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fe80::1"]
        {
            assert!(!may_dial(&rules, "a.example", near), "{near}");
        }
        assert!(may_dial(&rules, "db.example:5432", "10.1.2.3") && !may_dial(&rules, "db.example:5432", "10.2.2.3"));
        assert!(!may_dial(&rules, "b.example", "1.1.1.1"), "the name itself is not allowed");
        for denied in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
            assert!(!may_dial(&rules, "a.example", denied), "{denied}");
        }
    }

    #[test]
    fn a_bare_address_needs_a_range_that_means_it() {
        let rules = user("allow = ['*:*', '10.1.0.0/16:5432', '0.0.0.0/0', '::/0']");
        assert!(may(&rules, "1.1.1.1") && may(&rules, "[2606:4700::1]") && may(&rules, "10.1.2.3:5432"));
        for text in ["10.1.2.3", "127.0.0.1", "169.254.169.254:80", "[::1]", "[fe80::1]", "[2002:7f00:1::]"] {
            assert_eq!(verdict(&rules, text), Decision::Deny, "{text}");
        }
        let named = user("allow = ['*:*']");
        assert_eq!(verdict(&named, "1.1.1.1"), Decision::Unnamed);
        assert!(may(&user("allow = ['169.254.169.254:80']"), "169.254.169.254:80"));
        assert!(!may(&user("allow = ['169.254.0.0/16:80']"), "169.254.169.254:80"), "credentials are named alone");
    }

    #[test]
    fn requests_are_judged_where_a_rule_speaks_of_them() {
        let rules = user(
            "allow = [{ host = 'api.example', methods = ['GET'], paths = ['/repos/**'] }, 'web.example', 'github.com']
             deny = [{ host = 'web.example', paths = ['/admin/**'] }]",
        );
        let may = |host: &str, method: &str, path: &str| rules.request(&to(host), method, path).allowed();
        assert!(rules.connect(&to("api.example")).inspect && rules.connect(&to("web.example")).inspect);
        assert!(!rules.connect(&to("github.com")).inspect);
        assert!(may("api.example", "GET", "/repos/x?page=2") && !may("api.example", "POST", "/repos/x"));
        assert!(!may("api.example", "get", "/repos/x") && !may("api.example", "GET", "/repos/../admin"));
        assert!(may("web.example", "POST", "/x") && !may("web.example", "GET", "/admin/x"));
        assert!(!may("web.example", "GET", "/x/..%2fadmin") && may("github.com", "POST", "/x/..%2fadmin"));
        assert!(!may("other.example", "GET", "/"));
        let ruling = rules.request(&to("api.example"), "POST", "/repos/x");
        assert_eq!(
            (ruling.verdict, &*ruling.reason),
            (Decision::Unnamed, "no rule in [network] allows this method and path")
        );
    }

    #[test]
    fn a_rule_about_requests_opens_no_special_address_for_a_name() {
        let rules = user("allow = ['a.example', { host = '10.0.0.1', methods = ['GET'] }]");
        assert!(!may_dial(&rules, "a.example", "10.0.0.1"));
        assert!(
            rules.request(&to("10.0.0.1"), "GET", "/").allowed()
                && !rules.request(&to("10.0.0.1"), "PUT", "/").allowed()
        );
    }

    #[test]
    fn a_managed_rule_about_requests_takes_a_look_inside() {
        let managed = "network.allow = [{ host = '*', methods = ['GET'] }]";
        let rules = rules(&[(User, GIT), (Managed, managed)]);
        assert!(rules.connect(&to("github.com")).inspect);
        assert!(rules.request(&to("github.com"), "GET", "/").allowed());
        let ruling = rules.request(&to("github.com"), "POST", "/");
        assert_eq!(ruling.verdict, Decision::Deny);
    }

    #[test]
    fn a_managed_list_must_name_special_addresses_too() {
        let user = "network.mode = 'rules'\nnetwork.allow = ['db.example', '10.0.0.0/8']";
        assert!(!may_dial(&rules(&[(User, user), (Managed, "network.allow = ['*']")]), "db.example", "10.0.0.1"));
        assert!(may_dial(
            &rules(&[(User, user), (Managed, "network.allow = ['*', '10.0.0.0/8']")]),
            "db.example",
            "10.0.0.1"
        ));
    }

    #[test]
    fn ports_of_the_host_are_reached_under_one_name() {
        let rules = user("host-ports = [5432]\nallow = ['*:*', '127.0.0.0/8:*']");
        assert!(may(&rules, "host.pinfold.internal:5432") && !may(&rules, "host.pinfold.internal:5433"));
        assert!(may_dial(&rules, "host.pinfold.internal:5432", "127.0.0.1"));
        assert!(!may_dial(&rules, "host.pinfold.internal:5432", "1.1.1.1"));
        assert!(!may_dial(&rules, "host.pinfold.internal:5433", "127.0.0.1"));
    }

    #[test]
    fn a_secret_takes_a_look_inside() {
        let secret = "secrets.t = { from = { env = 'T' }, hosts = ['github.com'], in = 'basic' }";
        let rules = rules(&[(User, &format!("{GIT}\n{secret}"))]);
        assert!(rules.connect(&to("github.com")).inspect && !rules.connect(&to("github.com:80")).inspect);
    }

    #[test]
    fn presets_open_what_they_list_and_deny_the_whole_host() {
        let allowed = user("allow = ['@github']");
        assert!(may(&allowed, "github.com:22") && may(&allowed, "api.github.com") && !may(&allowed, "github.com:80"));
        let denied = user("allow = ['*:*']\ndeny = ['@github']");
        assert!(!may(&denied, "github.com:80") && !may(&denied, "github.com:9418") && may(&denied, "gitlab.com"));
    }

    #[test]
    fn a_flag_that_lets_a_host_in_means_rules() {
        let with = |layers: Vec<Layer>| Rules::new(&merge(&layers, &linux()).expect("mergeable").policy);
        let allow = (Setting::AllowHost, "github.com", "--allow-host github.com");
        let off = (Setting::Network, "off", "--network off");
        assert!(may(&with(vec![flags(&[allow])]), "github.com"));
        assert!(may(&with(vec![flags(&[allow]), layer(User, "network.mode = 'off'")]), "github.com"));
        assert!(!may(&with(vec![flags(&[off, allow])]), "github.com"));
        let asked = |layers| verdict(&with(layers), "github.com");
        let ask = flags(&[(Setting::Ask, "", "--ask")]);
        assert_eq!(asked(vec![ask.clone()]), Decision::Unnamed);
        assert_eq!(asked(vec![ask, layer(Managed, "network.mode = 'off'")]), Decision::Deny);
        assert!(!may(&with(vec![flags(&[allow]), layer(Managed, "network.mode = 'off'")]), "github.com"));
        assert!(may(&with(vec![flags(&[allow]), layer(User, "network.mode = 'full'")]), "other.example"));
    }

    #[test]
    fn lists_in_a_file_change_no_mode_and_a_note_says_so() {
        let merged = merged(&[(User, "network.allow = ['github.com']")]);
        assert!(!may(&Rules::new(&merged.policy), "github.com"));
        assert_snapshot!(merged.notes.join("\n"), @r##"network.allow "github.com", ~/.config/pinfold/policy.toml:1 (user): it counts with network.mode "rules", and that is "off" (profile `workspace`, network.mode)"##);
        let full = crate::fixtures::merged(&[(User, "network.mode = 'full'\nnetwork.deny = ['a.example']")]);
        assert_snapshot!(full.notes.join("\n"), @r##"network.deny, ~/.config/pinfold/policy.toml:2 (user): it counts with network.mode "rules", and that is "full" (~/.config/pinfold/policy.toml:1 (user))"##);
        let every = crate::fixtures::merged(&[(User, "network.mode = 'rules'\nnetwork.allow = ['*']")]);
        assert_snapshot!(every.notes.join("\n"), @r##"network.allow "*", ~/.config/pinfold/policy.toml:2 (user): every public host can be reached by name"##);
    }

    #[test]
    fn a_project_that_is_not_trusted_only_narrows_the_network() {
        let project = "
            secrets.t = { from = { command = ['id'] }, hosts = ['evil.example'], in = 'body' }
            [network]
            mode = 'full'
            allow = ['evil.example', '@npm']
            deny = ['github.com']
            publish = [3000]
            host-ports = [5432]
            budget = { bytes-out = '1GB', connections-per-second = 10 }";
        let user = format!("{GIT}\nnetwork.budget.bytes-out = '1MB'");
        let merged = merged(&[(User, &user), (UNTRUSTED, project)]);
        let report: String =
            merged.withheld.iter().map(|withheld| format!("{}, {}\n", withheld.what, withheld.origin)).collect();
        assert_snapshot!(report, @r##"
        network.allow "evil.example", pinfold.toml:5 (project, not trusted)
        network.allow "@npm", pinfold.toml:5 (project, not trusted)
        network.publish 3000, pinfold.toml:7 (project, not trusted)
        network.host-ports 5432, pinfold.toml:8 (project, not trusted)
        network.mode "full", pinfold.toml:4 (project, not trusted)
        network.budget.bytes-out 1000000000, pinfold.toml:9 (project, not trusted)
        secrets.t, pinfold.toml:2 (project, not trusted)
        "##);
        let rules = Rules::new(&merged.policy);
        assert!(!may(&rules, "github.com") && !may(&rules, "evil.example") && may(&rules, "a.example.com"));
        assert_eq!(merged.policy.network.budget.connections_per_second.value, Some(10));
        assert_eq!(merged.policy.network.budget.bytes_out.value, Some(1_000_000));
        assert!(may(
            &Rules::new(&crate::fixtures::merged(&[(User, GIT), (TRUSTED, "network.allow = ['x.example']")]).policy),
            "x.example"
        ));
    }

    #[test]
    fn the_managed_policy_cuts_and_says_what() {
        let managed = "
            [network]
            allow = ['*.example.com', '@npm']
            publish = []
            host-ports = [5432]
            budget.bytes-out = '1MB'";
        let user = "
            [network]
            mode = 'full'
            allow = ['a.example.com', '*', '@npm', '@github', 'evil.example']
            publish = [3000]
            host-ports = [5432, 6379]
            budget = { bytes-out = 'none', connections-per-second = 5 }";
        let merged = merged(&[(User, user), (Managed, managed)]);
        let report: String = merged.withheld.iter().map(|withheld| format!("{withheld}\n")).collect();
        assert_snapshot!(report, @r##"
        network.allow "*" in part, ~/.config/pinfold/policy.toml:4 (user): `network.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.allow "@github", ~/.config/pinfold/policy.toml:4 (user): `network.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.allow "evil.example", ~/.config/pinfold/policy.toml:4 (user): `network.allow` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.publish 3000, ~/.config/pinfold/policy.toml:5 (user): `network.publish` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.host-ports 6379, ~/.config/pinfold/policy.toml:6 (user): `network.host-ports` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.mode "full", ~/.config/pinfold/policy.toml:3 (user): `network` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        network.budget.bytes-out "none", ~/.config/pinfold/policy.toml:7 (user): `network.budget.bytes-out` of the managed policy (/etc/pinfold/policy.toml) does not allow it
        "##);
        assert_eq!(merged.policy.network.mode, NetworkMode::Rules);
        assert_eq!(merged.policy.network.budget.bytes_out.value, Some(1_000_000));
    }

    #[test]
    fn rules_survive_json() {
        let rules = user(
            "allow = ['*.example.com', '10.0.0.0/8:*', { host = 'a.b', ports = [1, 2], paths = ['/x/**'] }, '@npm']",
        );
        let json = serde_json::to_string(&rules).expect("serialisable");
        assert_eq!(serde_json::from_str::<Rules>(&json).expect("readable"), rules);
    }
}
