//! What is wrong with a ledger.

use std::fmt;

/// The first place at which a ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Flaw {
    /// The session in whose log it is; nothing for the log of sessions.
    pub session: Option<String>,
    /// The place in the log, from 0.
    pub seq: u64,
    /// Without the private key only a range can be told: the last place of it.
    pub until: Option<u64>,
    /// What is wrong.
    pub what: What,
}

impl Flaw {
    /// Of the log of a session as a whole.
    pub(crate) fn of_session(id: &str, what: What) -> Self {
        Self { session: Some(id.to_owned()), seq: 0, until: None, what }
    }

    /// Of one record of the log of sessions.
    pub(crate) fn of_heads(seq: u64, what: What) -> Self {
        Self { session: None, seq, until: None, what }
    }
}

/// How a log can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The line is not the one that was written.
    Changed,
    /// Lines are missing before one that is there.
    Missing,
    /// The line stands further down.
    OutOfOrder,
    /// An earlier line stands here again.
    Repeated,
    /// The line was written into the log of another session.
    OfSession(String),
    /// The log ends here, and it was longer.
    CutOff,
    /// There is more than was signed at the end.
    Added,
    /// The signature of the checkpoint is not by the ledger's key.
    Signature,
    /// What was signed is another log.
    Other,
    /// There is no log, and it was not pruned.
    Gone,
    /// There is a log, but the log of sessions does not know it.
    Unknown,
    /// The record in the log of sessions contradicts an earlier one.
    Contradiction,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.session {
            Some(session) => write!(f, "session {session}, event {}", self.seq)?,
            None => write!(f, "log of sessions, record {}", self.seq)?,
        }
        if let Some(until) = self.until.filter(|until| *until != self.seq) {
            write!(f, " to {until}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::OutOfOrder => "out of order",
            Self::Repeated => "an earlier one stands here again",
            Self::OfSession(session) => return write!(f, "replayed from session {session}"),
            Self::CutOff => "cut off: there was more",
            Self::Added => "added behind the signed end",
            Self::Signature => "checkpoint with a wrong signature",
            Self::Other => "not what the checkpoint was signed for",
            Self::Gone => "the log is gone, and was not pruned",
            Self::Unknown => "the log of sessions does not know this session",
            Self::Contradiction => "contradicts an earlier record",
        })
    }
}
