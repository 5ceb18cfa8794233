//! Records gathered for one request. Only their text is kept, so that the size is known.

use super::limits::{BATCH_BYTES, BATCH_RECORDS};

#[derive(Debug, Default)]
pub(super) struct Batch {
    text: String,
    /// The session whose records the text ends with.
    session: Option<String>,
    records: u64,
}

impl Batch {
    /// Adds a record. A session's first record in a row brings its resource.
    pub(super) fn push(&mut self, session: &str, resource: impl FnOnce() -> String, record: &str) {
        if self.session.as_deref() == Some(session) {
            self.text.push(',');
        } else {
            let before = if self.session.is_some() { "]}]}," } else { "" };
            self.text.push_str(before);
            self.text.push_str(&resource());
            self.session = Some(session.to_owned());
        }
        self.text.push_str(record);
        self.records += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.records >= BATCH_RECORDS || self.text.len() >= BATCH_BYTES
    }

    /// The body of a request with all records, and how many they are; nothing when there is none.
    pub(super) fn take(&mut self) -> Option<(String, u64)> {
        let Self { text, session, records } = std::mem::take(self);
        session.map(|_| (format!("{{\"resourceLogs\":[{text}]}}]}}]}}"), records))
    }
}
