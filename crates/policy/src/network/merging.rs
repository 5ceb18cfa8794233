//! How the layers of `[network]` become one.

use std::sync::Arc;

use crate::layers::{Layer, Withheld};
use crate::limits::wider;
use crate::merging::{NOT_TRUSTED, managed_why};
use crate::network::budget::BudgetName;
use crate::network::mode::NetworkMode;
use crate::network::ports::Ports;
use crate::network::scope::{HostRule, HostScope, HostText, Hosts};
use crate::network::section::NetworkRules;
use crate::network::{Network, NetworkCeiling, PortRule};
use crate::origin::{Entry, LayerKind, Origin, Position};
use crate::policy::Policy;
use crate::sets;

const ALLOW: &str = "network.allow";
const DENY: &str = "network.deny";
const MODE: &str = "network.mode";

/// Adds a layer below the ceiling. One that is not trusted only narrows.
pub(crate) fn add(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.network;
    network.deny.extend(host_rules(layer, DENY, &rules.deny));
    if !layer.kind.is_trusted() {
        refuse_lists(layer, withheld);
    } else {
        network.allow.extend(host_rules(layer, ALLOW, rules.allow.as_deref().unwrap_or_default()));
        for (key, entries, own) in port_lists(rules, network) {
            own.extend(port_rules(layer, key, entries.unwrap_or_default()));
        }
    }
    set_mode(network, layer, withheld);
    set_budget(network, layer, withheld);
}

/// Applies a managed layer: what it denies is added, what it allows is a ceiling.
pub(crate) fn cap(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.network;
    network.deny.extend(host_rules(layer, DENY, &rules.deny));
    cap_hosts(network, layer, withheld);
    for (key, entries, own) in port_lists(rules, network) {
        let Some(entries) = entries else { continue };
        let (kept, cut): (Vec<_>, Vec<_>) =
            std::mem::take(own).into_iter().partition(|rule| entries.iter().any(|entry| entry.value == rule.port));
        *own = kept;
        let why = managed_why(layer, key);
        withheld.extend(cut.into_iter().map(|rule| Withheld::new(format!("{key} {}", rule.port), &why, rule.origin)));
    }
    cap_mode(network, layer, withheld);
    cap_budget(network, layer, withheld);
}

/// What of the merged section deserves a second look, or does not do what it seems to.
pub(crate) fn notes(policy: &Policy) -> Vec<String> {
    let network = &policy.network;
    let every = network.allow.iter().filter(|rule| rule.scope.hosts == Hosts::Every && !rule.scope.looks_inside());
    let notes = every.map(|rule| format!("{}: every public host can be reached by name", rule.rule()));
    match network.mode {
        NetworkMode::Rules => notes.collect(),
        // Whoever has chosen a mode knows; that of a profile is easily overlooked.
        NetworkMode::Off => {
            let first = network.allow.first().filter(|_| network.origin.layer == LayerKind::Profile);
            let note = |rule: &HostRule| {
                format!(
                    "{}: it counts with network.mode \"rules\", and that is \"off\" ({})",
                    rule.rule(),
                    network.origin
                )
            };
            first.map(note).into_iter().collect()
        }
        NetworkMode::Full => {
            let budgets = BudgetName::ALL.into_iter().map(|name| network.budget.get(name));
            let budgets = budgets.filter(|budget| budget.value.is_some()).map(|budget| &budget.origin);
            let secrets = policy.secrets.iter().map(|secret| &secret.origin);
            let first = network.deny.iter().map(|rule| &rule.origin).chain(budgets).chain(secrets).next();
            let note = |origin: &Arc<Origin>| {
                let Origin { key, .. } = &**origin;
                format!(
                    "{key}, {origin}: it counts with network.mode \"rules\", and that is \"full\" ({})",
                    network.origin
                )
            };
            first.map(note).into_iter().collect()
        }
    }
}

fn host_rules(layer: &Layer, key: &str, entries: &[Entry<HostText>]) -> Vec<HostRule> {
    let read = |scope: HostScope| match key {
        ALLOW => HostScope { ports: scope.ports.allowing(), ..scope },
        _ => scope,
    };
    let mut rules = Vec::new();
    for entry in entries {
        let origin = layer.origin(key, &entry.at);
        match &entry.value {
            HostText::Rule(scope) => rules.push(HostRule { scope: read(scope.clone()), set: None, origin }),
            HostText::Set(name) => {
                let Some(set) = sets::find(name) else { continue };
                let scopes = set.all.iter().filter_map(|entry| HostScope::parse(entry.entry).ok());
                // To deny a preset is to deny its hosts, whatever the port.
                let read = |scope| if key == DENY { HostScope { ports: Ports::All, ..scope } } else { scope };
                let rule = |scope| HostRule { scope: read(scope), set: Some(set.name.into()), origin: origin.clone() };
                rules.extend(scopes.map(rule));
            }
        }
    }
    rules
}

fn port_rules<'a>(layer: &'a Layer, key: &'a str, entries: &'a [Entry<u16>]) -> impl Iterator<Item = PortRule> + 'a {
    entries.iter().map(move |entry| PortRule { port: entry.value, origin: layer.origin(key, &entry.at) })
}

/// A list of ports: the key, what the layer says, and what the policy has.
type PortList<'a> = (&'static str, Option<&'a [Entry<u16>]>, &'a mut Vec<PortRule>);

fn port_lists<'a>(rules: &'a NetworkRules, network: &'a mut Network) -> [PortList<'a>; 2] {
    [
        ("network.publish", rules.publish.as_deref(), &mut network.publish),
        ("network.host-ports", rules.host_ports.as_deref(), &mut network.host_ports),
    ]
}

fn refuse_lists(layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.network;
    let mut refuse =
        |what: String, key: &str, at: &Position| withheld.push(Withheld::new(what, NOT_TRUSTED, layer.origin(key, at)));
    for entry in rules.allow.iter().flatten() {
        refuse(format!("{ALLOW} \"{}\"", entry.value), ALLOW, &entry.at);
    }
    for (key, entries) in [("network.publish", &rules.publish), ("network.host-ports", &rules.host_ports)] {
        for entry in entries.iter().flatten() {
            refuse(format!("{key} {}", entry.value), key, &entry.at);
        }
    }
}

fn set_mode(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.network;
    if let Some(entry) = &rules.mode {
        let origin = layer.origin(MODE, &entry.at);
        let narrows = !layer.kind.is_trusted();
        match narrows && entry.value > network.mode {
            true => withheld.push(Withheld::new(mode_shown(entry.value), NOT_TRUSTED, origin)),
            false => (network.mode, network.origin) = (entry.value, origin),
        }
    }
    // A flag that lets a host or port in, or has the user asked about one, means it, unless another flag says that there
    // is no network.
    let hosts = rules.allow.iter().flatten().map(|entry| &entry.at);
    let ports = [&rules.host_ports, &rules.publish].into_iter().flatten().flatten().map(|entry| &entry.at);
    let flag = hosts.chain(ports).chain(&rules.ask).find(|at| at.flag.is_some());
    let said = network.origin.layer == LayerKind::CommandLine;
    if let Some(at) = flag.filter(|_| network.mode == NetworkMode::Off && !said) {
        (network.mode, network.origin) = (NetworkMode::Rules, layer.origin(MODE, at));
    }
}

fn set_budget(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let narrows = !layer.kind.is_trusted();
    for (&name, entry) in &layer.policy.network.budget {
        let origin = layer.origin(&budget_key(name), &entry.at);
        let budget = network.budget.get_mut(name);
        match narrows && wider(entry.value, budget.value) {
            true => withheld.push(Withheld::new(budget_shown(name, entry.value), NOT_TRUSTED, origin)),
            false => (budget.value, budget.origin) = (entry.value, origin),
        }
    }
}

fn cap_hosts(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let Some(entries) = layer.policy.network.allow.as_deref() else { return };
    let allow = host_rules(layer, ALLOW, entries);
    let why = managed_why(layer, ALLOW);
    let mut seen: Vec<(String, Arc<Origin>)> = Vec::new();
    for rule in network.allow.iter().filter(|rule| !allow.iter().any(|own| own.scope.cover(&rule.scope))) {
        let siblings = network.allow.iter().filter(|other| other.origin == rule.origin && other.set == rule.set);
        let meets = siblings.map(|sibling| &sibling.scope).any(|scope| allow.iter().any(|own| own.scope.meets(scope)));
        let shown = rule.set.as_ref().map_or_else(|| rule.scope.to_string(), ToString::to_string);
        let what = (format!("{ALLOW} \"{shown}\"{}", if meets { " in part" } else { "" }), rule.origin.clone());
        if !seen.contains(&what) {
            seen.push(what);
        }
    }
    withheld.extend(seen.into_iter().map(|(what, origin)| Withheld::new(what, &why, origin)));
    let at = entries.first().map(|entry| entry.at.clone()).unwrap_or(Position { line: 1, ..Position::default() });
    network.ceilings.push(NetworkCeiling { allow, origin: layer.origin(ALLOW, &at) });
}

/// What a managed file says about hosts, ports and budgets only the gate can keep, so there is no `full` beside it.
fn cap_mode(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    let rules = &layer.policy.network;
    let hosts = rules.allow.iter().flatten().chain(&rules.deny).map(|entry| &entry.at);
    let ports = [&rules.publish, &rules.host_ports].into_iter().flatten();
    let budgets = rules.budget.values().filter(|entry| entry.value.is_some()).map(|entry| &entry.at);
    let first = hosts.chain(ports.clone().flatten().map(|entry| &entry.at)).chain(budgets).next();
    let bounded = first.is_some() || rules.allow.is_some() || ports.count() > 0;
    let at = first.cloned().unwrap_or(Position { line: 1, ..Position::default() });
    let said = rules.mode.as_ref().map(|entry| (entry.value, &entry.at));
    let by_rules = bounded.then_some((NetworkMode::Rules, &at));
    let Some((most, at)) = said.into_iter().chain(by_rules).min_by_key(|(mode, _)| *mode) else { return };
    network.most = network.most.min(most);
    if most >= network.mode {
        return;
    }
    let old = std::mem::replace(&mut network.mode, most);
    let origin = std::mem::replace(&mut network.origin, layer.origin(MODE, at));
    let key = if said.is_some_and(|(mode, _)| mode == most) { MODE } else { "network" };
    withheld.push(Withheld::new(mode_shown(old), &managed_why(layer, key), origin));
}

fn cap_budget(network: &mut Network, layer: &Layer, withheld: &mut Vec<Withheld>) {
    for (&name, entry) in &layer.policy.network.budget {
        let (key, budget) = (budget_key(name), network.budget.get_mut(name));
        if wider(budget.value, entry.value) {
            let value = std::mem::replace(&mut budget.value, entry.value);
            let origin = std::mem::replace(&mut budget.origin, layer.origin(&key, &entry.at));
            // Who has said nothing need not hear that it is less.
            if value.is_some() || origin.key == key {
                withheld.push(Withheld::new(budget_shown(name, value), &managed_why(layer, &key), origin));
            }
        }
    }
}

fn mode_shown(mode: NetworkMode) -> String {
    format!("{MODE} \"{}\"", mode.name())
}

fn budget_key(name: BudgetName) -> String {
    format!("network.budget.{}", name.key())
}

fn budget_shown(name: BudgetName, value: Option<u64>) -> String {
    format!("{} {}", budget_key(name), name.unit().show(value))
}
