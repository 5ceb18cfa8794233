//! Events of the Open Cybersecurity Schema Framework: <https://schema.ocsf.io>. Which class each kind of event is of stands
//! in `docs/export.md`.
//!
//! All of them have the profiles `host` (who and where) and `security_control` (what was decided). What no attribute
//! holds is in `unmapped`, under its own name.

mod classes;
mod mapping;
mod objects;
mod observables;

use serde_json::{Value, json};

use super::glance::Glance;
use super::sessions::Facts;
use crate::Record;
use classes::{Activity, Mapped};

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

pub(super) fn line(session: &str, facts: &Facts, record: &Record) -> serde_json::Result<String> {
    Ok(serde_json::to_string(&render(session, facts, record))? + "\n")
}

fn render(session: &str, facts: &Facts, record: &Record) -> Value {
    let mapped = mapping::map(session, facts, &record.event);
    let mut event = envelope(session, facts, record, &mapped);
    if mapped.class == classes::FINDING {
        let info = json!({
            "uid": event["metadata"]["uid"],
            "title": event["message"],
            "types": [record.event.kind()],
            "created_time": event["time"],
        });
        merge(&mut event, json!({ "finding_info": info }));
    }
    merge(&mut event, mapped.own);
    prune(&mut event);
    let observables = observables::of(&event);
    if !observables.is_empty() {
        merge(&mut event, json!({ "observables": observables }));
    }
    event
}

/// What events of all classes have.
fn envelope(session: &str, facts: &Facts, record: &Record, mapped: &Mapped<'_>) -> Value {
    let kind = record.event.kind();
    let (activity_id, activity_name) = match mapped.activity {
        Activity::Known(id) => (id, None),
        Activity::Other(name) => (99, Some(name)),
    };
    json!({
        "class_uid": mapped.class.uid,
        "class_name": mapped.class.name,
        "category_uid": mapped.class.uid / 1000,
        "activity_id": activity_id,
        "activity_name": activity_name,
        "type_uid": mapped.class.uid * 100 + activity_id,
        "severity_id": mapped.severity,
        "time": record.time.nanoseconds() / 1_000_000,
        "message": Glance::of(&record.event).sentence(kind),
        "metadata": {
            "version": VERSION,
            "profiles": ["host", "security_control"],
            "product": { "name": "Pinfold", "vendor_name": "Pinfold", "version": facts.version },
            "log_name": "ledger",
            "uid": format!("{session}:{}", record.seq),
            "correlation_uid": session,
            "sequence": record.seq,
            "event_code": kind,
            "original_time": record.time.to_string(),
            "is_truncated": record.cut.then_some(true),
        },
        "actor": {
            "app_name": facts.agent,
            "user": facts.user.as_ref().map(objects::user),
            "session": { "uid": session },
        },
        "device": objects::device(facts),
    })
}

/// Lays one object over another, part by part.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Leaves out what is not known.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| !value.is_null() && value.as_object().is_none_or(|fields| !fields.is_empty()));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}
