//! What happened in a session, as one page of HTML.
//!
//! The page needs nothing else: no other file, no network, no script. (A few lines of script let its reader filter the
//! timeline.) Its own policy forbids all but its own style and script, each named by its hash. What it shows comes from
//! inside a sandbox: every text is escaped, cut, and shown without characters that hide or turn others.
//!
//! Its size has a limit, however long the session was: what there is no room for is counted.
#![forbid(unsafe_code)]

mod limits;
mod page;
mod shown;
mod story;

use std::io::{self, Write};

use pinfold_ledger::Record;

use story::Story;

/// What the caller knows of a session beside its events.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// Its name.
    pub session: &'a str,
    /// What became of verifying its record.
    pub verification: Verification,
}

/// Is the record what was written?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Each event is signed for, and none is missing.
    Verified {
        /// The public key, as text.
        key: String,
    },
    /// Nobody looked, or it cannot be said: why, as a sentence.
    Unknown(String),
    /// Something was changed, left out or put in: what, as a sentence.
    Wrong(String),
}

/// Writes the page of a session from its events, in their order.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_html(
    about: &About<'_>,
    records: impl IntoIterator<Item = Record>,
    out: &mut impl Write,
) -> io::Result<()> {
    let story = Story::of(records);
    out.write_all(page::page(about, &story).into_string().as_bytes())
}
