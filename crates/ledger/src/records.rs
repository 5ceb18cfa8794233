//! Reads the events of one session.

use std::fs::File;
use std::path::PathBuf;

use crate::error::at;
use crate::line::Line;
use crate::lines::Lines;
use crate::{LedgerError, Record, tail};

/// The events of a session in order. The log's own checkpoints are passed over; a line that is no event is told as an
/// error, and the next call goes on behind it.
///
/// What is read is not verified: [`Ledger::verify`](crate::Ledger::verify) does that.
pub struct Records {
    session: String,
    lines: Lines,
    /// The place of the next line.
    seq: u64,
    /// Nothing more can be read.
    failed: bool,
}

/// Why a line cannot be read as an event.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The log cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The line is longer than is allowed, or the last and without its end: its writer may be writing it, or died.
    #[error("session {session}, event {seq}: the line has no end")]
    Unfinished {
        /// The session.
        session: String,
        /// The place that the line should have.
        seq: u64,
    },
    /// The line has another place than follows from the one before.
    #[error("session {session}: event {found} stands where {expected} should")]
    Place {
        /// The session.
        session: String,
        /// The place that the line should have.
        expected: u64,
        /// The place that it tells.
        found: u64,
    },
    /// The line is none of a log, or of an event that this version does not know.
    #[error("session {session}, event {seq} cannot be read")]
    Unreadable {
        /// The session.
        session: String,
        /// The place that the line should have.
        seq: u64,
        /// What is wrong; nothing if it is not even a line of a log.
        source: Option<serde_json::Error>,
    },
}

impl Records {
    pub(crate) fn new(session: &str, segments: Vec<PathBuf>) -> Self {
        Self { session: session.to_owned(), lines: Lines::new(segments), seq: 0, failed: false }
    }
}

/// The last event of a log; nothing if it has none or the last line is not one.
pub(crate) fn last(segments: &[PathBuf]) -> Result<Option<Record>, LedgerError> {
    for segment in segments.iter().rev() {
        let mut file = at(File::open(segment), "open", segment)?;
        let found = tail::last_line(&mut file, |text, _| {
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let is_checkpoint = Line::parse(text).is_some_and(|line| line.is_checkpoint());
            (!is_checkpoint).then(|| serde_json::from_slice(text).ok())
        });
        if let Some(record) = at(found, "read", segment)? {
            return Ok(record);
        }
    }
    Ok(None)
}

impl Iterator for Records {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let piece = match self.lines.next() {
                Ok(piece) => piece?,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error.into()));
                }
            };
            let seq = self.seq;
            self.seq += 1;
            let session = || self.session.clone();
            if !piece.whole {
                return Some(Err(RecordError::Unfinished { session: session(), seq }));
            }
            let Some(line) = Line::parse(piece.bytes) else {
                return Some(Err(RecordError::Unreadable { session: session(), seq, source: None }));
            };
            if line.seq != seq {
                // From here on, what follows this line is in order.
                self.seq = line.seq.saturating_add(1);
                return Some(Err(RecordError::Place { session: session(), expected: seq, found: line.seq }));
            }
            if !line.is_checkpoint() {
                let record = serde_json::from_slice(piece.bytes);
                let wrong = |error| RecordError::Unreadable { session: session(), seq, source: Some(error) };
                return Some(record.map_err(wrong));
            }
        }
        None
    }
}
