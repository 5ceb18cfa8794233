//! A table by RFC 4180 that is safe to open in a spreadsheet.

use std::io::{self, Write};

use super::glance::Glance;
use crate::Record;

const HEADINGS: [&str; 10] =
    ["time", "session", "seq", "kind", "verdict", "subject", "process", "rule", "reason", "detail"];

pub(super) fn write_headings(out: impl Write) -> io::Result<()> {
    write_row(&HEADINGS, out)
}

/// Writes the row of a record. Its last cell is the whole event as JSON.
pub(super) fn write(session: &str, record: &Record, out: impl Write) -> io::Result<()> {
    let Glance { verdict, subject, process, rule, reason } = Glance::of(&record.event);
    let (time, seq) = (record.time.to_string(), record.seq.to_string());
    let detail = serde_json::to_string(record)?;
    let kind = record.event.kind();
    write_row(&[&time, session, &seq, kind, verdict, &subject, &process, rule, &reason, &detail], out)
}

fn write_row(cells: &[&str], mut out: impl Write) -> io::Result<()> {
    let row: Vec<String> = cells.iter().map(|cell| written(cell)).collect();
    write!(out, "{}\r\n", row.join(","))
}

/// A cell as it stands in the file.
fn written(cell: &str) -> String {
    // The wide forms count as well, where a spreadsheet is set to Japanese or Chinese.
    let like_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    let harmless = if like_a_formula { format!("'{cell}") } else { cell.to_owned() };
    match harmless.contains([',', '"', '\r', '\n', ';', '\t']) {
        true => format!("\"{}\"", harmless.replace('"', "\"\"")),
        false => harmless,
    }
}
