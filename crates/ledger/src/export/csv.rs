//! A table by RFC 4180 that is safe to open in a spreadsheet.

use super::glance::Glance;
use crate::Record;

const HEADINGS: [&str; 10] =
    ["time", "session", "seq", "kind", "verdict", "subject", "process", "rule", "reason", "detail"];

pub(super) fn headings() -> String {
    line(&HEADINGS)
}

/// The row of a record. Its last cell is the whole event as JSON.
pub(super) fn row(session: &str, record: &Record) -> serde_json::Result<String> {
    let Glance { verdict, subject, process, rule, reason } = Glance::of(&record.event);
    let (time, seq) = (record.time.to_string(), record.seq.to_string());
    let detail = serde_json::to_string(record)?;
    let kind = record.event.kind();
    Ok(line(&[&time, session, &seq, kind, verdict, &subject, &process, rule, &reason, &detail]))
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

/// A cell of a [table](super::Format::Csv) as it stands in the file.
pub fn cell(cell: &str) -> String {
    // The wide forms count as well, where a spreadsheet is set to Japanese or Chinese.
    let like_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    let harmless = if like_a_formula { format!("'{cell}") } else { cell.to_owned() };
    // The semicolon and the tab are quoted for readers that guess the separator.
    match harmless.contains([',', '"', '\r', '\n', ';', '\t']) {
        true => format!("\"{}\"", harmless.replace('"', "\"\"")),
        false => harmless,
    }
}
