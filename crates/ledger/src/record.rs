//! An event with its place in the log.

use serde::{Deserialize, Serialize};

use crate::{Event, Timestamp};

/// One line of a session's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Its place in the log, from 0. The log's own checkpoints have places as well, so there are gaps between events.
    pub seq: u64,
    /// When it was appended. Times may go back where the clock was set; `seq` never does.
    pub time: Timestamp,
    /// Was it so large that texts and lists in it were cut?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
