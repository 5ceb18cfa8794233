//! The JSON of `ExportLogsServiceRequest` as OpenTelemetry's protocol defines it, and nothing beside it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) resource_logs: Vec<ResourceLogs>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResourceLogs {
    pub(crate) resource: Resource,
    pub(crate) scope_logs: Vec<ScopeLogs>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resource {
    #[serde(deserialize_with = "attributes")]
    pub(crate) attributes: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScopeLogs {
    pub(crate) scope: Scope,
    pub(crate) log_records: Vec<LogRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scope {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogRecord {
    #[serde(deserialize_with = "number")]
    pub(crate) time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    pub(crate) observed_time_unix_nano: u64,
    pub(crate) severity_number: u8,
    pub(crate) severity_text: String,
    pub(crate) event_name: String,
    pub(crate) body: AnyValue,
    #[serde(deserialize_with = "attributes")]
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) trace_id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) enum AnyValue {
    #[serde(rename = "stringValue")]
    Text(String),
    #[serde(rename = "boolValue")]
    Bool(bool),
    #[serde(rename = "intValue", deserialize_with = "number")]
    Int(i64),
    #[serde(rename = "arrayValue")]
    Array(ArrayValue),
    #[serde(rename = "kvlistValue")]
    List(KvlistValue),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrayValue {
    values: Vec<AnyValue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KvlistValue {
    #[serde(deserialize_with = "attributes")]
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValue {
    key: String,
    value: AnyValue,
}

impl AnyValue {
    /// As plain JSON.
    pub(crate) fn plain(self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Bool(yes) => json!(yes),
            Self::Int(number) => json!(number),
            Self::Array(array) => array.values.into_iter().map(Self::plain).collect(),
            Self::List(list) => json!(list.values),
        }
    }
}

/// Numbers of 64 bits are texts.
fn number<'de, D: Deserializer<'de>, N: std::str::FromStr>(deserializer: D) -> Result<N, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("no number: {text}")))
}

/// Keys are unique.
fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let mut attributes = BTreeMap::new();
    for KeyValue { key, value } in Vec::deserialize(deserializer)? {
        if attributes.insert(key.clone(), value.plain()).is_some() {
            return Err(serde::de::Error::custom(format!("twice: {key}")));
        }
    }
    Ok(attributes)
}
