//! A reader of the published OCSF schema that tells what is wrong with an event.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../ocsf/schema.json")).expect("the schema is JSON"));

pub(crate) fn version() -> &'static str {
    SCHEMA["version"].as_str().expect("a version")
}

/// What is wrong with an event, one sentence each.
pub(crate) fn violations(event: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    match SCHEMA["classes"].get(event["class_uid"].to_string()) {
        Some(class) => object("event", class, event, &mut wrong),
        None => wrong.push(format!("no class {}", event["class_uid"])),
    }
    wrong
}

fn object(at: &str, shape: &Value, value: &Value, wrong: &mut Vec<String>) {
    let Some(fields) = value.as_object() else { return wrong.push(format!("{at} is no object")) };
    let attributes = shape["attributes"].as_object().expect("attributes");
    let missing = attributes.iter().filter(|(name, rule)| rule["required"] == true && !fields.contains_key(*name));
    wrong.extend(missing.map(|(name, _)| format!("{at}.{name} is missing")));
    if let Some(names) = shape["constraints"]["at_least_one"].as_array()
        && !names.iter().any(|name| name.as_str().is_some_and(|name| fields.contains_key(name)))
    {
        wrong.push(format!("{at} has none of {names:?}"));
    }
    for (name, value) in fields {
        match attributes.get(name) {
            Some(rule) => attribute(&format!("{at}.{name}"), rule, fields, value, wrong),
            None => wrong.push(format!("{at}.{name} is not in the schema")),
        }
    }
}

fn attribute(at: &str, rule: &Value, siblings: &Map<String, Value>, value: &Value, wrong: &mut Vec<String>) {
    match (rule["is_array"] == true, value.as_array()) {
        (true, Some(items)) => items.iter().for_each(|item| one(at, rule, siblings, item, wrong)),
        (false, None) => one(at, rule, siblings, value, wrong),
        (true, None) => wrong.push(format!("{at} is no list")),
        (false, Some(_)) if rule["type"] == "json_t" => {}
        (false, Some(_)) => wrong.push(format!("{at} is a list")),
    }
}

fn one(at: &str, rule: &Value, siblings: &Map<String, Value>, value: &Value, wrong: &mut Vec<String>) {
    if rule["type"] == "object_t" {
        return match rule["object_type"].as_str() {
            Some("object") if value.is_object() => {}
            Some(name) if SCHEMA["objects"].get(name).is_some() => object(at, &SCHEMA["objects"][name], value, wrong),
            name => wrong.push(format!("{at} is a {name:?}, of which the schema here knows nothing")),
        };
    }
    scalar(at, rule["type"].as_str().expect("a type"), value, wrong);
    let Some(known) = rule["enum"].as_array() else { return };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if !known.iter().any(|known| *known == text) {
        wrong.push(format!("{at} cannot be {text}"));
    }
    let sibling = rule["sibling"].as_str().unwrap_or_default();
    if text == "99" && !siblings.contains_key(sibling) {
        wrong.push(format!("{at} is another one, and {sibling} does not say which"));
    }
}

fn scalar(at: &str, name: &str, value: &Value, wrong: &mut Vec<String>) {
    let of = &SCHEMA["types"][name];
    let fits = match of["type"].as_str().unwrap_or(name) {
        "string_t" => value.is_string(),
        "integer_t" | "long_t" => value.is_i64(),
        "boolean_t" => value.is_boolean(),
        "json_t" => true,
        _ => false,
    };
    let range = of["range"].as_array().and_then(|range| Some((range.first()?.as_i64()?, range.get(1)?.as_i64()?)));
    let in_range =
        range.is_none_or(|(least, most)| value.as_i64().is_some_and(|value| (least..=most).contains(&value)));
    let short = of["max_len"].as_u64().is_none_or(|most| value.as_str().is_some_and(|text| text.len() as u64 <= most));
    if !(fits && in_range && short) {
        wrong.push(format!("{at} is no {name}: {value}"));
    }
}
