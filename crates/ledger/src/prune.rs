//! Removes the logs of old sessions. What they were stays in the log of sessions, with the word that they were pruned:
//! a log that is gone without it is a flaw.

use std::path::PathBuf;

use crate::error::found;
use crate::head::Head;
use crate::limits::Durability;
use crate::places::sync_directory;
use crate::sessions::{Session, State};
use crate::{Ledger, LedgerError, Timestamp, heads};

/// What may stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Sessions that were closed before this go.
    pub older_than: Option<Timestamp>,
    /// The logs of all sessions together have at most so many bytes: the oldest go first. Those that are not closed
    /// count, and stay.
    pub total_bytes: Option<u64>,
}

impl Ledger {
    /// Removes logs of closed sessions, and returns their names.
    pub fn prune(&self, retention: &Retention) -> Result<Vec<String>, LedgerError> {
        let key = self.key()?;
        let sessions = self.sessions()?;
        let chosen = self.choose(&sessions, retention)?;
        if !chosen.is_empty() {
            let pruned: Vec<Head> = chosen.iter().map(|session| Head::Pruned { session: session.clone() }).collect();
            heads::append(&self.places, key, Durability::Power, &pruned)?;
        }
        // Also those that an earlier call was not able to remove.
        let earlier = sessions.iter().filter(|session| session.pruned).map(|session| &session.id);
        for id in chosen.iter().chain(earlier) {
            self.remove(id)?;
        }
        Ok(chosen)
    }

    fn choose(&self, sessions: &[Session], retention: &Retention) -> Result<Vec<String>, LedgerError> {
        let mut kept_bytes = 0;
        let mut closed = Vec::new();
        for session in sessions.iter().filter(|session| !session.pruned) {
            let bytes = self.places.bytes(&session.id)?;
            kept_bytes += bytes;
            if let State::Ended { at } | State::BrokenOff { at } = session.state {
                closed.push((at, bytes, &session.id));
            }
        }
        closed.sort_unstable();
        let mut chosen = Vec::new();
        for (at, bytes, id) in closed {
            let old = retention.older_than.is_some_and(|moment| at < moment);
            if old || retention.total_bytes.is_some_and(|most| kept_bytes > most) {
                kept_bytes -= bytes;
                chosen.push(id.clone());
            }
        }
        Ok(chosen)
    }

    /// At once for whoever reads it: the directory goes away whole, and is then taken apart.
    fn remove(&self, id: &str) -> Result<(), LedgerError> {
        let (path, aside) = (self.places.session(id), self.aside(id));
        found(std::fs::rename(&path, &aside), "rename", &path)?;
        match found(std::fs::remove_dir_all(&aside), "remove", &aside)? {
            Some(()) => sync_directory(&self.places.sessions()),
            None => Ok(()),
        }
    }

    fn aside(&self, id: &str) -> PathBuf {
        self.places.sessions().join(format!(".{id}.pruned"))
    }
}
