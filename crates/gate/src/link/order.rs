//! What the supervisor tells a gate.

use pinfold_policy::Rules;
use serde::{Deserialize, Serialize};

/// From the supervisor to the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// The user has answered a [`Report::Question`](super::Report::Question).
    Answer {
        /// The question's number.
        id: u64,
        /// What the user says.
        answer: Answer,
    },
    /// From now on these rules count; [`Report::Ruled`](super::Report::Ruled) says that they do. What they refuse and the
    /// rules before did not is broken off.
    Rules(Box<Rules>),
    /// End now. Closing the link means the same.
    Stop,
}

/// What a user says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes, for the connections that wait for it.
    Once,
    /// Yes, while this run lives.
    Session,
    /// Yes, and the supervisor writes it into the policy; to the gate the same as [`Answer::Session`].
    Always,
    /// No.
    Deny,
}
