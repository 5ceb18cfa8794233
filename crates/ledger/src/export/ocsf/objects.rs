//! Objects of the schema. What is not known is null, which is left out later.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::Text;
use crate::event::{User, Verdict, Way};
use crate::export::sessions::{Facts, base_name};

/// `type_id` of a file of which nothing is known, of a regular one, and of a socket.
pub(super) const UNKNOWN: u32 = 0;
pub(super) const REGULAR: u32 = 1;
pub(super) const SOCKET: u32 = 5;

pub(super) fn file(path: &Text, type_id: u32) -> Value {
    json!({ "name": base_name(path.as_str()), "path": path, "type_id": type_id })
}

/// SHA-256 as `hashes` has it.
pub(super) fn hashes(sha256: Option<&String>) -> Option<Value> {
    sha256.map(|value| json!([{ "algorithm": "SHA-256", "algorithm_id": 3, "value": value }]))
}

pub(super) fn user(user: &User) -> Value {
    let name = (!user.name.is_empty()).then_some(&user.name);
    json!({ "name": name, "uid": user.uid.to_string() })
}

/// The machine. An object without any name would not be one.
pub(super) fn device(facts: &Facts) -> Value {
    let name = facts.host.is_none().then_some("unknown");
    json!({ "hostname": facts.host, "name": name, "type_id": 0 })
}

/// The far end of a connection.
pub(super) fn endpoint(host: &str, port: Option<u16>, address: Option<IpAddr>) -> Value {
    json!({ "hostname": host, "port": port, "ip": address })
}

/// A connection by its number in the session. Where nothing says how it came, it is one from inside to outside.
pub(super) fn connection(number: u64, way: Option<Way>) -> Value {
    let direction = if way == Some(Way::Published) { 1 } else { 2 };
    json!({ "uid": number.to_string(), "direction_id": direction, "protocol_name": "tcp" })
}

/// What a decision is in the profile `security_control`, and its outcome.
pub(super) fn verdict(verdict: &Verdict) -> Value {
    let mut decided = if verdict.allow { allowed() } else { refused(verdict.rule.as_deref(), &verdict.reason) };
    decided["status_detail"] = json!(verdict.reason);
    decided["firewall_rule"] = json!({ "name": verdict.rule });
    decided
}

pub(super) fn allowed() -> Value {
    json!({ "action_id": 1, "disposition_id": 1, "status_id": 1 })
}

/// Denied and blocked, with the rule and why.
pub(super) fn refused(rule: Option<&str>, why: &str) -> Value {
    json!({
        "action_id": 2,
        "disposition_id": 2,
        "status_id": 2,
        "status_detail": why,
        "firewall_rule": { "name": rule },
    })
}
