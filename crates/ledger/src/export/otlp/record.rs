//! A record as a log record of OpenTelemetry, and a session as a resource.
//!
//! In the JSON of OTLP, numbers of 64 bits are texts, identifiers are hexadecimal, and names are in camel case.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::attributes;
use crate::event::{SecretUse, Severity};
use crate::export::glance::Glance;
use crate::export::sessions::Facts;
use crate::{Event, Record};

/// The trace that all records of a session belong to: the first half of its name's SHA-256, in hexadecimal.
pub fn trace_id(session: &str) -> String {
    let digest = Sha256::digest(session.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What the records of a session in a batch begin with: the resource and the scope, still open.
pub(super) fn resource(facts: &Facts) -> String {
    let known = |name: &'static str, value: &Option<String>| Some((name.to_owned(), json!(value.as_ref()?)));
    let attributes: Vec<_> = [
        Some(("service.name".to_owned(), json!("pinfold"))),
        known("service.version", &facts.version),
        known("host.name", &facts.host),
    ]
    .into_iter()
    .flatten()
    .collect();
    let resource = json!({ "attributes": key_values(attributes) });
    format!("{{\"resource\":{resource},\"scopeLogs\":[{{\"scope\":{{\"name\":\"pinfold.ledger\"}},\"logRecords\":[")
}

pub(super) fn log_record(session: &str, facts: &Facts, record: &Record) -> Result<String, serde_json::Error> {
    let (number, severity) = severity(&record.event);
    let time = record.time.nanoseconds().to_string();
    let kind = record.event.kind();
    serde_json::to_string(&json!({
        "timeUnixNano": time,
        "observedTimeUnixNano": time,
        "severityNumber": number,
        "severityText": severity,
        "eventName": format!("pinfold.{kind}"),
        "body": any_value(&json!(Glance::of(&record.event).sentence(kind))),
        "attributes": key_values(attributes::of(session, facts, record)?),
        "traceId": trace_id(session),
    }))
}

/// `severityNumber` with its text: what was refused is a warning, what somebody has to look at an error.
fn severity(event: &Event) -> (u32, &'static str) {
    const INFO: (u32, &str) = (9, "INFO");
    const WARN: (u32, &str) = (13, "WARN");
    const ERROR: (u32, &str) = (17, "ERROR");
    match event {
        Event::Trap { severity: Severity::Info, .. } => INFO,
        Event::Trap { severity: Severity::Low | Severity::Medium, .. } => WARN,
        Event::Trap { .. } | Event::Quarantined { .. } => ERROR,
        Event::Secret { what, .. } if *what != SecretUse::Used => ERROR,
        // A program that is not where it was looked for is nothing to warn of.
        Event::Exec { .. } => INFO,
        event if event.allowed() == Some(false) => WARN,
        _ => INFO,
    }
}

fn key_values(attributes: impl IntoIterator<Item = (String, Value)>) -> Vec<Value> {
    attributes.into_iter().map(|(key, value)| json!({ "key": key, "value": any_value(&value) })).collect()
}

fn any_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(yes) => json!({ "boolValue": yes }),
        Value::String(text) => json!({ "stringValue": text }),
        // OpenTelemetry's numbers have a sign; no counter of ours comes near the end of them.
        Value::Number(number) => json!({ "intValue": number.as_i64().unwrap_or(i64::MAX).to_string() }),
        Value::Array(items) => json!({ "arrayValue": { "values": items.iter().map(any_value).collect::<Vec<_>>() } }),
        Value::Object(fields) => json!({ "kvlistValue": { "values": key_values(fields.clone()) } }),
    }
}
