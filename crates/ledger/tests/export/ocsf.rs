//! OCSF, held against its published schema.

use pinfold_ledger::export::{self, Exporter, Format, OCSF_VERSION};
use pinfold_ledger::{Event, Record};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::events::{one_of_each, records, refused_connection};
use crate::schema::{self, violations};

fn exported(records: Vec<(String, Record)>) -> Vec<Value> {
    let mut out = Vec::new();
    export::write(Format::Ocsf, records, &mut out).expect("written");
    let text = String::from_utf8(out).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// All texts and numbers in a value, as texts.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        // How bad something is, is told by `severity_id`; that a connection simply ended, by `activity_id`.
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| *name != "severity" && **value != json!("done"))
            .flat_map(|(_, value)| leaves(value))
            .collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

proptest! {
    #[test]
    fn events_are_as_the_schema_has_them_and_lose_nothing(records in records()) {
        let events = exported(records.clone());
        prop_assert_eq!(events.len(), records.len());
        for (event, (_, record)) in events.iter().zip(&records) {
            prop_assert_eq!(violations(event), Vec::<String>::new(), "{}", event);
            let there = leaves(event);
            let message = event["message"].as_str().unwrap_or_default();
            for leaf in leaves(&serde_json::to_value(record).expect("JSON")) {
                prop_assert!(there.contains(&leaf) || message.contains(&leaf), "{:?} of {:?} is not in {}", leaf, record, event);
            }
        }
    }
}

#[test]
fn the_schema_is_of_the_version_that_events_name() {
    assert_eq!(OCSF_VERSION, schema::version());
}

/// The control: the schema is not one that takes everything.
#[test]
fn whatever_is_changed_in_an_event_is_found() {
    for event in exported(one_of_each()) {
        let found = |change: &dyn Fn(&mut Value)| {
            let mut changed = event.clone();
            change(&mut changed);
            assert_ne!(violations(&changed), Vec::<String>::new(), "{changed}");
        };
        for name in ["class_uid", "category_uid", "type_uid", "activity_id", "severity_id", "time", "metadata"] {
            found(&|event| drop(event.as_object_mut().expect("an object").remove(name)));
        }
        found(&|event| drop(event["metadata"].as_object_mut().expect("an object").remove("version")));
        found(&|event| event["metadata"]["product"] = json!({ "vendor_name": "Pinfold" }));
        found(&|event| event["pinfold"] = json!(true));
        found(&|event| event["actor"]["session"]["pinfold"] = json!(true));
        found(&|event| event["severity_id"] = json!(7));
        found(&|event| event["severity_id"] = json!(99));
        found(&|event| event["time"] = json!("now"));
        found(&|event| event["metadata"]["profiles"] = json!("host"));
        found(&|event| event["type_uid"] = json!(event["type_uid"].as_u64().unwrap_or_default() + 50));
    }
}

#[test]
fn a_refused_connection_says_who_what_and_why() {
    let (start, record) = refused_connection();
    let mut exporter = Exporter::new(Format::Ocsf, Vec::new()).expect("begun");
    exporter.learn("s", &start);
    exporter.push("s", &record).expect("written");
    let event: Value = serde_json::from_slice(&exporter.finish().expect("ended")).expect("JSON");
    assert_eq!(violations(&event), Vec::<String>::new());
    let expected = json!({
        "class_uid": 4001,
        "class_name": "Network Activity",
        "category_uid": 4,
        "activity_id": 5,
        "type_uid": 400_105,
        "severity_id": 2,
        "time": 1_772_366_400_123_u64,
        "message": "connect evil.example:443 refused: no rule names this host",
        "metadata": {
            "version": "1.8.0",
            "profiles": ["host", "security_control"],
            "product": { "name": "Pinfold", "vendor_name": "Pinfold", "version": "1.2.3" },
            "log_name": "ledger",
            "uid": "s:7",
            "correlation_uid": "s",
            "sequence": 7,
            "event_code": "connect",
            "original_time": "2026-03-01T12:00:00.123456789Z",
        },
        "actor": {
            "app_name": "claude-code",
            "user": { "name": "ann", "uid": "1000" },
            "session": { "uid": "s" },
            "process": { "pid": 42, "file": { "name": "node", "path": "/usr/bin/node", "type_id": 1 } },
        },
        "device": { "hostname": "desk", "type_id": 0 },
        "connection_info": { "uid": "3", "direction_id": 2, "protocol_name": "tcp" },
        "dst_endpoint": { "hostname": "evil.example", "port": 443, "ip": "192.0.2.1" },
        "action_id": 2,
        "disposition_id": 2,
        "status_id": 2,
        "status_detail": "no rule names this host",
        "firewall_rule": { "name": "network.allow" },
        "unmapped": { "way": "transparent", "inspected": false },
        "observables": [
            { "name": "actor.process.file.path", "type_id": 45, "value": "/usr/bin/node" },
            { "name": "dst_endpoint.hostname", "type_id": 1, "value": "evil.example" },
            { "name": "dst_endpoint.ip", "type_id": 2, "value": "192.0.2.1" },
        ],
    });
    assert_eq!(event, expected);
}

#[test]
fn every_kind_has_its_class() {
    let classes: Vec<(Value, &str)> =
        exported(one_of_each()).iter().map(|event| event["class_uid"].clone()).zip(Event::KINDS).collect();
    for (class, kind) in classes {
        let expected: &[u64] = match kind {
            "start" | "end" => &[6002],
            "exec" => &[1007],
            "lookup" => &[4003],
            "connect" | "close" => &[4001],
            "request" => &[4002],
            "change" => &[1001],
            "refused" => &[1001, 1003, 2004],
            "secret" => &[4001, 2004],
            "budget" | "quarantined" | "trap" => &[2004],
            "grant" => &[3005],
            "trust" | "stage" => &[3004],
            "note" => &[1008],
            _ => &[],
        };
        assert!(expected.iter().any(|uid| class == *uid), "{kind} is of class {class}");
    }
}
