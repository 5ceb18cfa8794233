//! The record for other systems: lines of JSON, a table, the Open Cybersecurity Schema Framework, OpenTelemetry.
//!
//! Records are rendered one by one as they come; of a session only who and where is remembered, from its `start`.
//! Where a query leaves that out, [`Exporter::learn`] tells it.

mod csv;
mod glance;
mod jsonl;
mod ocsf;
#[cfg(feature = "otlp")]
pub mod otlp;
mod sessions;

use std::io::{self, Write};

pub use csv::cell as csv_cell;
pub use jsonl::line as json_line;
pub use ocsf::VERSION as OCSF_VERSION;

use crate::Record;
use crate::event::Start;
use sessions::Sessions;

/// A form that others read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The lines of the log as they are, each with its session's name.
    Jsonl,
    /// A table by RFC 4180, with a line of headings: one row for each event, its times in UTC.
    ///
    /// A cell that a spreadsheet would take for a formula, which is one that begins with `=`, `+`, `-`, `@`, a tab or the
    /// end of a line, gets an apostrophe in front. So does one that begins with an apostrophe: whoever takes one away
    /// from each cell that has it has every text again.
    Csv,
    /// Events of the Open Cybersecurity Schema Framework, in the version [`OCSF_VERSION`], one line of JSON each.
    Ocsf,
}

/// Writes records in one format.
#[derive(Debug)]
pub struct Exporter<W> {
    format: Format,
    sessions: Sessions,
    out: W,
}

impl<W: Write> Exporter<W> {
    /// Begins: a table gets its headings.
    pub fn new(format: Format, mut out: W) -> io::Result<Self> {
        if format == Format::Csv {
            out.write_all(csv::headings().as_bytes())?;
        }
        Ok(Self { format, sessions: Sessions::default(), out })
    }

    /// Tells who and where of a session whose `start` will not be written.
    pub fn learn(&mut self, session: &str, start: &Start) {
        self.sessions.learn(session, start);
    }

    /// Writes a record of a session, whole or not at all as far as that is in our hands.
    pub fn push(&mut self, session: &str, record: &Record) -> io::Result<()> {
        let text = match self.format {
            Format::Jsonl => jsonl::line(session, record),
            Format::Csv => csv::row(session, record),
            Format::Ocsf => ocsf::line(session, &self.sessions.facts(session, &record.event), record),
        }?;
        self.out.write_all(text.as_bytes())
    }

    /// Ends, and gives back where it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes records, each with the name of its session, and tells how many.
pub fn write(format: Format, records: impl IntoIterator<Item = (String, Record)>, out: impl Write) -> io::Result<u64> {
    let mut exporter = Exporter::new(format, out)?;
    let mut count = 0;
    for (session, record) in records {
        exporter.push(&session, &record)?;
        count += 1;
    }
    exporter.finish()?;
    Ok(count)
}
