//! The list of hosts, addresses, files and hashes in an event, for whoever looks for one in all events.

use serde_json::{Map, Value, json};

/// What every event of a machine has, and what is not of the schema.
const APART: [&str; 3] = ["device", "metadata", "unmapped"];

pub(super) fn of(event: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (name, value) in event.as_object().into_iter().flatten().filter(|(name, _)| !APART.contains(&name.as_str())) {
        look(name, value, &mut found);
    }
    found
}

fn look(name: &str, value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| look(name, item, found)),
        Value::Object(fields) => {
            for (own, value) in fields {
                let path = format!("{name}.{own}");
                match type_of(own, fields) {
                    Some(type_id) if value.is_string() => {
                        found.push(json!({ "name": path, "type_id": type_id, "value": value }));
                    }
                    _ => look(&path, value, found),
                }
            }
        }
        _ => {}
    }
}

/// `type_id` of an attribute that is one.
fn type_of(name: &str, siblings: &Map<String, Value>) -> Option<u32> {
    match name {
        "hostname" => Some(1),
        "ip" => Some(2),
        "value" if siblings.contains_key("algorithm_id") => Some(8),
        // A file's path; that of a URL has no such sibling.
        "path" if siblings.contains_key("type_id") => Some(45),
        _ => None,
    }
}
