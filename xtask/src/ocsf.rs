//! The part of a published OCSF schema that tests of the ledger's export hold events against.

use std::path::Path;

use serde_json::{Map, Value};

use crate::shell::{Result, root};

/// Where the part is kept.
const PART: &str = "crates/ledger/tests/ocsf/schema.json";
/// The classes that the export writes.
const CLASSES: [u64; 11] = [1001, 1003, 1007, 1008, 2004, 3004, 3005, 4001, 4002, 4003, 6002];
/// The objects in them that it writes.
const OBJECTS: [&str; 23] = [
    "actor",
    "analytic",
    "device",
    "dns_query",
    "evidences",
    "file",
    "finding_info",
    "fingerprint",
    "firewall_rule",
    "http_request",
    "kernel",
    "managed_entity",
    "metadata",
    "network_connection_info",
    "network_endpoint",
    "network_traffic",
    "observable",
    "policy",
    "process",
    "product",
    "session",
    "url",
    "user",
];
/// The profiles of its events. Attributes of other ones are left out.
const PROFILES: [&str; 2] = ["host", "security_control"];

/// Takes the part out of a whole schema, as its server exports it (`export/v2/schema`).
pub(crate) fn reduce(whole: &Path) -> Result<()> {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(whole)?)?;
    let listed = |what: &str| whole[what].as_object().into_iter().flatten();
    let classes: Map<_, _> = listed("classes")
        .filter(|(_, class)| class["uid"].as_u64().is_some_and(|uid| CLASSES.contains(&uid)))
        .map(|(_, class)| (class["uid"].to_string(), shape(class)))
        .collect();
    let objects: Map<_, _> = listed("objects")
        .filter(|(name, _)| OBJECTS.contains(&name.as_str()))
        .map(|(name, object)| (name.clone(), shape(object)))
        .collect();
    if (classes.len(), objects.len()) != (CLASSES.len(), OBJECTS.len()) {
        return Err("the schema has not all classes and objects: is it another version?".into());
    }
    let types = &whole["dictionary"]["types"]["attributes"];
    let types: Map<_, _> = types
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, of)| (name.clone(), picked(of, &["type", "range", "max_len"])))
        .collect();
    let version = &whole["version"];
    let (types, classes, objects) = (lines(&types), lines(&classes), lines(&objects));
    let part =
        format!("{{\n\"version\":{version},\n\"types\":{types},\n\"classes\":{classes},\n\"objects\":{objects}\n}}\n");
    std::fs::write(root().join(PART), part)?;
    println!("{PART}");
    Ok(())
}

/// What a class or object may hold and must hold.
fn shape(of: &Value) -> Value {
    let attributes: Map<_, _> = of["attributes"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, attribute)| attribute["@deprecated"].is_null() && belongs(attribute))
        .map(|(name, attribute)| (name.clone(), rule(attribute)))
        .collect();
    let mut shape = picked(of, &["caption", "constraints"]);
    shape["attributes"] = attributes.into();
    shape
}

fn belongs(attribute: &Value) -> bool {
    let profiles = attribute["profiles"].as_array();
    profiles.is_none_or(|profiles| profiles.iter().any(|name| PROFILES.iter().any(|known| name == known)))
}

fn rule(attribute: &Value) -> Value {
    let mut rule = picked(attribute, &["type", "object_type", "is_array", "sibling"]);
    if attribute["requirement"] == "required" {
        rule["required"] = true.into();
    }
    if let Some(values) = attribute["enum"].as_object() {
        rule["enum"] = values.keys().map(String::as_str).collect::<Vec<_>>().into();
    }
    rule
}

fn picked(from: &Value, names: &[&str]) -> Value {
    let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(name)?.clone())));
    fields.collect::<Map<_, _>>().into()
}

/// A line for each entry, so that the difference of two versions can be read.
fn lines(entries: &Map<String, Value>) -> String {
    let lines: Vec<String> = entries.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}
