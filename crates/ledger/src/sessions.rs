//! Which sessions there are.

use std::collections::HashMap;

use crate::flaw::{Flaw, What};
use crate::head::Head;
use crate::line::Line;
use crate::lines::Lines;
use crate::{Ledger, LedgerError, Timestamp};

/// A session, as the log of sessions knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: String,
    /// When it began.
    pub begun: Timestamp,
    /// How it stands.
    pub state: State,
    /// Was its log removed to make room?
    pub pruned: bool,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its writer lives.
    Running,
    /// Its writer is gone without having ended it; [`Ledger::recover`] closes it.
    Left,
    /// It ended.
    Ended {
        /// When that was recorded.
        at: Timestamp,
    },
    /// Its writer was gone without having ended it.
    BrokenOff {
        /// When that was found.
        at: Timestamp,
    },
}

/// A record of the log of sessions with its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) seq: u64,
    pub(crate) time: Timestamp,
    pub(crate) head: Head,
}

impl Placed {
    /// Reads a line; nothing for a checkpoint.
    pub(crate) fn read(line: &[u8]) -> Result<Option<Self>, What> {
        let parts = Line::parse(line).ok_or(What::Changed)?;
        if parts.is_checkpoint() {
            return Ok(None);
        }
        let time = std::str::from_utf8(parts.time).ok().and_then(Timestamp::parse).ok_or(What::Changed)?;
        let head = serde_json::from_slice(line).map_err(|_| What::Changed)?;
        Ok(Some(Self { seq: parts.seq, time, head }))
    }
}

impl Ledger {
    /// The sessions in the order in which they began. Their records are read, not verified.
    pub fn sessions(&self) -> Result<Vec<Session>, LedgerError> {
        let mut sessions: Vec<Session> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for Placed { time, head, .. } in self.heads()? {
            let id = head.session();
            let known = places.get(id).and_then(|index| sessions.get_mut(*index));
            match (head, known) {
                (Head::Begun { session, .. }, None) => {
                    places.insert(session.clone(), sessions.len());
                    sessions.push(Session { id: session, begun: time, state: State::Left, pruned: false });
                }
                (Head::Ended { .. }, Some(session)) => session.state = State::Ended { at: time },
                (Head::BrokenOff { .. }, Some(session)) => session.state = State::BrokenOff { at: time },
                (Head::Pruned { .. }, Some(session)) => session.pruned = true,
                _ => {}
            }
        }
        for session in sessions.iter_mut().filter(|session| session.state == State::Left) {
            if self.places.is_held(&session.id) {
                session.state = State::Running;
            }
        }
        Ok(sessions)
    }

    /// The log of sessions without its checkpoints.
    pub(crate) fn heads(&self) -> Result<Vec<Placed>, LedgerError> {
        let mut lines = Lines::new(vec![self.places.heads()]);
        let mut heads = Vec::new();
        let mut seq = 0;
        while let Some(line) = lines.next()? {
            if !line.whole {
                break;
            }
            heads.extend(Placed::read(line.bytes).map_err(|what| Flaw::of_heads(seq, what))?);
            seq += 1;
        }
        Ok(heads)
    }
}
