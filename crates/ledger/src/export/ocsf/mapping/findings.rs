//! What somebody should look at: Detection Findings.

use serde_json::{Value, json};

use super::super::classes::{Activity, CRITICAL, FINDING, HIGH, INFORMATIONAL, LOW, MEDIUM, Mapped};
use super::super::merge;
use super::super::objects::{REGULAR, UNKNOWN, connection, endpoint, file};
use crate::Text;
use crate::event::{Severity, Subject};

/// What became of it: `action_id` and `disposition_id`.
const BLOCKED: (u32, u32) = (2, 2);
const QUARANTINED: (u32, u32) = (2, 3);
const DETECTED: (u32, u32) = (3, 15);

/// A finding of what was stopped in time.
pub(super) fn stopped<'a>(severity: u32, evidence: Value, own: Value) -> Mapped<'a> {
    finding(severity, BLOCKED, evidence, own)
}

pub(super) fn over_budget<'a>(name: &str, limit: u64, number: u64, host: &str) -> Mapped<'a> {
    let evidence = json!({ "connection_info": connection(number, None), "dst_endpoint": endpoint(host, None, None) });
    stopped(MEDIUM, evidence, json!({ "unmapped": { "budget": name, "limit": limit } }))
}

pub(super) fn over_limit<'a>(name: &Text, operation: &str, rule: Option<&str>, why: &str) -> Mapped<'a> {
    let own = json!({
        "firewall_rule": { "name": rule },
        "status_detail": why,
        "unmapped": { "what": Subject::Limit, "operation": operation },
    });
    stopped(LOW, json!({ "data": { "limit": name } }), own)
}

pub(super) fn quarantined<'a>(path: &Text, moved_to: &Text) -> Mapped<'a> {
    let evidence = json!({ "file": file(path, UNKNOWN) });
    finding(HIGH, QUARANTINED, evidence, json!({ "unmapped": { "moved-to": moved_to } }))
}

pub(super) fn trap<'a>(
    path: &Text,
    line: Option<u64>,
    rule: &str,
    severity: Severity,
    when: &str,
    text: &Text,
) -> Mapped<'a> {
    let severity = match severity {
        Severity::Info => INFORMATIONAL,
        Severity::Low => LOW,
        Severity::Medium => MEDIUM,
        Severity::High => HIGH,
        Severity::Critical => CRITICAL,
    };
    let own = json!({
        "finding_info": { "analytic": { "name": rule, "type": "Rule", "type_id": 1 } },
        "unmapped": { "line": line, "when": when, "text": text },
    });
    finding(severity, DETECTED, json!({ "file": file(path, REGULAR) }), own)
}

/// A new finding. Its title and number are given where the record is known.
fn finding<'a>(severity: u32, (action, disposition): (u32, u32), evidence: Value, mut own: Value) -> Mapped<'a> {
    let base = json!({
        "action_id": action,
        "disposition_id": disposition,
        "status_id": 1,
        "is_alert": true,
        "evidences": [evidence],
    });
    merge(&mut own, base);
    Mapped { class: FINDING, activity: Activity::Known(1), severity, own }
}
