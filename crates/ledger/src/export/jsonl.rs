//! The lines of the log, each with its session's name.

use serde::Serialize;

use crate::{Event, Record};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(flatten)]
    record: &'a Record,
}

/// A record in [lines of JSON](super::Format::Jsonl), with its newline.
pub fn line(session: &str, record: &Record) -> serde_json::Result<String> {
    // A start names its session itself.
    let session = (!matches!(record.event, Event::Start(_))).then_some(session);
    Ok(serde_json::to_string(&Line { session, record })? + "\n")
}
