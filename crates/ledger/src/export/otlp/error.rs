//! What can fail.

use std::io;
use std::time::Duration;

use super::Summary;

/// Why records could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint is not one.
    #[error("`{url}` is no endpoint of a collector: {why}")]
    Endpoint {
        /// What was given.
        url: String,
        /// What is wrong with it, as a clause.
        why: &'static str,
    },
    /// A header cannot be sent.
    #[error("`{0}` cannot be a header, or not with this value")]
    Header(String),
    /// None of the files with certificates has one.
    #[error("no certificates are known by which to trust the collector")]
    NoRoots,
    /// The runtime could not be started.
    #[error("failed to begin sending")]
    Begin(#[source] io::Error),
    /// A record cannot be written as JSON.
    #[error("failed to write a record as JSON")]
    Encode(#[from] serde_json::Error),
    /// The collector was never reached, or its certificate is not trusted.
    #[error("failed to reach the collector at {address}: {why}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// Why, as a clause.
        why: String,
    },
    /// The collector refuses the records: sending them again would not help.
    #[error("the collector at {address} refuses the records: {status}{}", said(message))]
    Refused {
        /// Host and port.
        address: String,
        /// The status of HTTP.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The collector did not take the records after several tries.
    #[error("the collector at {address} did not take the records in {attempts} tries, the last time: {why}")]
    GaveUp {
        /// Host and port.
        address: String,
        /// How often they were sent.
        attempts: u32,
        /// Why not, the last time.
        why: String,
    },
    /// The collector asks for more patience than we have.
    #[error("the collector at {address} asks to be left alone for {} seconds", pause.as_secs())]
    Busy {
        /// Host and port.
        address: String,
        /// For how long.
        pause: Duration,
    },
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(", {message}") }
}

/// Not all records were sent.
#[derive(Debug, thiserror::Error)]
#[error("failed to send all records; the collector took {} before", summary.taken)]
pub struct Unfinished {
    /// How it went until then.
    pub summary: Summary,
    /// Why it did not go on.
    #[source]
    pub cause: Error,
}
