//! The lines of the log, each with its session's name.

use std::io::{self, Write};

use serde::Serialize;

use crate::{Event, Record};

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(flatten)]
    record: &'a Record,
}

pub(super) fn write(session: &str, record: &Record, mut out: impl Write) -> io::Result<()> {
    // A start names its session itself.
    let session = (!matches!(record.event, Event::Start(_))).then_some(session);
    serde_json::to_writer(&mut out, &Line { session, record })?;
    out.write_all(b"\n")
}
