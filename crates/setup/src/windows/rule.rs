//! Rules of the firewall as objects, and back.

use pinfold_plan::windows::accounts::MADE_BY;
use pinfold_plan::windows::addresses::{Addresses, Ports};
use pinfold_plan::windows::firewall::{Direction, GROUPING, Protocol, Rule, user_list, user_of};

use super::sys::dispatch::Object;
use super::sys::firewall;
use super::sys::variant::Value;
use crate::machine::{Fault, RuleFound};

/// `NET_FW_ACTION_BLOCK`.
const BLOCK: i32 = 0;
/// `NET_FW_PROFILE2_ALL`.
const ALL_PROFILES: i32 = i32::MAX;
const IN: i32 = 1;
const OUT: i32 = 2;

/// Properties that a rule of ours does not have, each with the texts by which the firewall says so.
const UNUSED: [(&str, &[&str]); 8] = [
    ("ApplicationName", &[""]),
    ("serviceName", &[""]),
    ("LocalAddresses", &["*", ""]),
    ("LocalPorts", &["*", ""]),
    ("InterfaceTypes", &["All", ""]),
    ("LocalAppPackageId", &[""]),
    ("RemoteUserAuthorizedList", &[""]),
    ("RemoteMachineAuthorizedList", &[""]),
];

/// A rule that is complete before it is in force.
pub(super) fn object_of(rule: &Rule) -> Result<Object, Fault> {
    let object = firewall::new_rule()?;
    let text = |name, text: &str| object.put(name, Value::Text(text.to_owned()));
    let number = |name, number| object.put(name, Value::Number(number));
    text("Name", &rule.name)?;
    text("Description", MADE_BY)?;
    text("Grouping", GROUPING)?;
    number("Direction", if rule.direction == Direction::In { IN } else { OUT })?;
    number("Action", BLOCK)?;
    number("Profiles", ALL_PROFILES)?;
    // Before the ports, which other protocols do not have.
    number("Protocol", rule.protocol.number())?;
    text("RemoteAddresses", &rule.remote.to_string())?;
    if rule.ports != Ports::all() {
        text("RemotePorts", &rule.ports.to_string())?;
    }
    text("LocalUserAuthorizedList", &user_list(&rule.user))?;
    object.put("Enabled", Value::Flag(true))?;
    Ok(object)
}

/// A rule that is there, if it has one of the names or is in our grouping.
pub(super) fn found(object: &Object, names: &[&str]) -> Result<Option<RuleFound>, Fault> {
    let (name, grouping) = (text(object, "Name")?, text(object, "Grouping")?);
    if grouping != GROUPING && !names.contains(&name.as_str()) {
        return Ok(None);
    }
    let rule = if grouping == GROUPING { rule_of(&firewall::rule(object)?, &name)? } else { None };
    Ok(Some(RuleFound { name, grouping, rule }))
}

/// What a rule says, if one of ours could say it.
fn rule_of(object: &Object, name: &str) -> Result<Option<Rule>, Fault> {
    let number = |name| number(object, name);
    let is_enabled = matches!(object.get("Enabled", Vec::new())?, Value::Flag(true));
    if !is_enabled || number("Action")? != Some(BLOCK) || number("Profiles")? != Some(ALL_PROFILES) {
        return Ok(None);
    }
    for (property, nothing) in UNUSED {
        if !nothing.contains(&text(object, property)?.as_str()) {
            return Ok(None);
        }
    }
    let direction = match number("Direction")? {
        Some(IN) => Direction::In,
        Some(OUT) => Direction::Out,
        _ => return Ok(None),
    };
    let protocol = match number("Protocol")?.map(u8::try_from) {
        Some(Ok(protocol)) => Protocol::Number(protocol),
        Some(Err(_)) => Protocol::Any,
        None => return Ok(None),
    };
    let remote = text(object, "RemoteAddresses")?.parse::<Addresses>();
    let ports = text(object, "RemotePorts")?.parse::<Ports>();
    let user = user_of(&text(object, "LocalUserAuthorizedList")?);
    let (Ok(remote), Ok(ports), Some(user)) = (remote, ports, user) else { return Ok(None) };
    Ok(Some(Rule { name: name.to_owned(), direction, protocol, remote, ports, user }))
}

fn text(object: &Object, name: &'static str) -> Result<String, Fault> {
    Ok(match object.get(name, Vec::new())? {
        Value::Text(text) => text,
        _ => String::new(),
    })
}

fn number(object: &Object, name: &'static str) -> Result<Option<i32>, Fault> {
    Ok(match object.get(name, Vec::new())? {
        Value::Number(number) => Some(number),
        _ => None,
    })
}
