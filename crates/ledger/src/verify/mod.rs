//! Whether a ledger is what was written.

mod diagnose;
mod index;
mod walk;

use crate::flaw::{Flaw, What};
use crate::sessions::Placed;
use crate::{Checkpoint, Ledger, LedgerError};
pub(crate) use index::Index;
use index::Known;
use walk::Extent;
pub(crate) use walk::{Log, Mark};

/// What is to be verified. By default all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Of the sessions only this one.
    pub session: Option<&'a str>,
    /// The ledger must still hold all that it held when this was signed.
    pub against: Option<&'a Checkpoint>,
}

/// A ledger, or the part that was asked for, without a flaw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many sessions have a log that was verified.
    pub sessions: u64,
    /// How many events those have.
    pub events: u64,
    /// What there is to know about them.
    pub notes: Vec<Note>,
}

/// Something that is no flaw and yet to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The clock was set back by more than a second: from this event on, times do not tell the order. `seq` does.
    ClockBack {
        /// The session; nothing for the log of sessions.
        session: Option<String>,
        /// The first event that is earlier than the one before it.
        seq: u64,
    },
    /// The session is not closed: its writer lives, or died and [`Ledger::recover`] was not called yet.
    Open {
        /// The session.
        session: String,
        /// Does its writer live?
        running: bool,
        /// How many of its last lines are not signed yet.
        unsigned: u64,
    },
    /// The session was broken off.
    BrokenOff {
        /// The session.
        session: String,
        /// How many of its last lines its writer had not signed; their sums are right.
        adopted: u64,
        /// Bytes of a line that was not finished, and cut off.
        cut_bytes: u64,
    },
    /// The log of sessions had lost the session, in a power cut or by somebody's hand, and [`Ledger::recover`] found
    /// its log: what that holds is genuine, and whether its end is missing nobody can tell.
    Found {
        /// The session.
        session: String,
    },
    /// The log of the session was pruned, which is signed.
    Pruned {
        /// The session.
        session: String,
    },
    /// A file ends within a line: a write that was broken off, or goes on.
    Torn {
        /// The session; nothing for the log of sessions.
        session: Option<String>,
        /// Bytes of that line.
        bytes: u64,
    },
}

impl Ledger {
    /// Verifies logs, the log of sessions and all signatures. Nothing is changed, and nobody is kept from writing.
    ///
    /// # Errors
    /// [`LedgerError::Flaw`] names the first flaw; other errors tell that something cannot be read.
    pub fn verify(&self, scope: &Scope<'_>) -> Result<Verified, LedgerError> {
        // Before the log of sessions is read: which of them have lines already, and so must be known to it.
        let logs = self.places.logs()?;
        let asked = |id: &&String| scope.session.is_none_or(|wanted| wanted == *id);
        let with_lines = self.with_lines(logs.iter().filter(asked).cloned().collect())?;
        let mut verified = Verified::default();
        let index = self.verify_heads(scope.against, &logs, &mut verified.notes)?;
        if let Some(id) = with_lines.iter().find(|id| !index.sessions.contains_key(*id)) {
            return Err(Flaw::of_session(id, What::Unknown).into());
        }
        if let Some(id) = scope.session.filter(|id| !index.sessions.contains_key(*id)) {
            return Err(LedgerError::NoSession(id.to_owned()));
        }
        let names: Vec<String> = index.sessions.keys().cloned().collect();
        for (id, known) in index.sessions.iter().filter(|(id, _)| asked(id)) {
            self.verify_session(id, known, &names, &mut verified)?;
        }
        Ok(verified)
    }

    /// What the log of sessions says, as far as it is signed.
    fn verify_heads(
        &self,
        against: Option<&Checkpoint>,
        others: &[String],
        notes: &mut Vec<Note>,
    ) -> Result<Index, LedgerError> {
        let marks = match against {
            Some(checkpoint) if !checkpoint.is_signed_by(&self.public) => return Err(LedgerError::NotACheckpoint),
            Some(checkpoint) => vec![Mark { size: checkpoint.size, root: checkpoint.root }],
            None => Vec::new(),
        };
        let log = Log { marks, ..self.log(None, vec![self.places.heads()], others) };
        let mut heads = Vec::new();
        let extent = log.verify(|line| Placed::read(line).map(|head| heads.extend(head)))?;
        note_common(None, &extent, notes);
        let mut index = Index::default();
        for Placed { seq, head, .. } in heads.into_iter().filter(|head| head.seq < extent.signed) {
            index.add(head).map_err(|what| Flaw::of_heads(seq, what))?;
        }
        Ok(index)
    }

    fn verify_session(
        &self,
        id: &str,
        known: &Known,
        others: &[String],
        verified: &mut Verified,
    ) -> Result<(), LedgerError> {
        let session = id.to_owned();
        if known.pruned {
            verified.notes.push(Note::Pruned { session });
            return Ok(());
        }
        let held = self.places.is_held(id);
        let segments = self.places.segments(id)?.filter(|segments| !segments.is_empty());
        let extent = match segments {
            Some(segments) => {
                let (marks, closed) = (known.marks.clone(), known.is_closed());
                Log { marks, closed, ..self.log(Some(id), segments, others) }.verify(|_| Ok(()))
            }
            None => Err(Flaw::of_session(id, What::Gone).into()),
        };
        let extent = match extent {
            // It may have been pruned, or closed, since the log of sessions was read.
            Err(_) if self.was_pruned(id)? => {
                verified.notes.push(Note::Pruned { session });
                return Ok(());
            }
            extent => extent?,
        };
        verified.sessions += 1;
        verified.events += extent.events;
        if known.found {
            verified.notes.push(Note::Found { session: session.clone() });
        }
        note_common(Some(id), &extent, &mut verified.notes);
        if let Some((adopted, cut_bytes)) = known.broken_off {
            verified.notes.push(Note::BrokenOff { session, adopted, cut_bytes });
        } else if !known.is_closed() {
            let unsigned = extent.tree.size() - extent.signed;
            verified.notes.push(Note::Open { session, running: held, unsigned });
        }
        Ok(())
    }

    fn was_pruned(&self, id: &str) -> Result<bool, LedgerError> {
        Ok(self.signed_heads()?.sessions.get(id).is_some_and(|known| known.pruned))
    }

    /// What the log of sessions says now, as far as it is signed.
    pub(crate) fn signed_heads(&self) -> Result<Index, LedgerError> {
        self.verify_heads(None, &[], &mut Vec::new())
    }

    /// A log of which nothing is known yet.
    pub(crate) fn log<'a>(
        &'a self,
        session: Option<&'a str>,
        files: Vec<std::path::PathBuf>,
        others: &'a [String],
    ) -> Log<'a> {
        let private = self.private.as_ref();
        Log { session, files, public: &self.public, private, marks: Vec::new(), closed: false, others }
    }

    /// Those of the sessions whose logs have lines.
    pub(crate) fn with_lines(&self, logs: Vec<String>) -> Result<Vec<String>, LedgerError> {
        let has = |id: String| self.places.has_lines(&id).map(|has| has.then_some(id));
        logs.into_iter().map(has).filter_map(Result::transpose).collect()
    }
}

fn note_common(session: Option<&str>, extent: &Extent, notes: &mut Vec<Note>) {
    let session = session.map(str::to_owned);
    if let Some(seq) = extent.clock_back {
        notes.push(Note::ClockBack { session: session.clone(), seq });
    }
    if extent.torn_bytes > 0 {
        notes.push(Note::Torn { session, bytes: extent.torn_bytes });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::appender::Appender;
    use crate::head::{Head, Root};
    use crate::merkle::Frontier;
    use crate::{Durability, Timestamp, heads};

    #[test]
    fn a_clock_that_goes_back_is_noted_and_no_flaw() {
        let root = std::env::temp_dir().join(format!("pinfold-ledger-clock-{}", std::process::id()));
        let ledger = Ledger::open(&root).expect("a ledger");
        let key = ledger.key().expect("a key");
        let mut log = Appender::new(Arc::clone(key), Some("x"), Frontier::default());
        // Half a second is a matter of threads.
        for half_seconds in [70, 69, 90, 80, 90] {
            let time = Timestamp::from_nanoseconds(half_seconds * 500_000_000).to_string();
            log.line(time.as_bytes(), br#""kind":"note","text":"a""#);
        }
        std::fs::create_dir(ledger.places.session("x")).expect("a directory");
        std::fs::write(ledger.places.session("x").join("0"), &log.out).expect("written");
        let (session, size, root_hash) = ("x".to_owned(), log.tree().size(), Root(log.tree().root()));
        let ended = Head::Ended { session: session.clone(), size, root: root_hash };
        heads::append(
            &ledger.places,
            key,
            Durability::Process,
            &[Head::Begun { session: session.clone(), found: false }, ended],
        )
        .expect("written");
        let notes = ledger.verify(&Scope::default()).expect("no flaw").notes;
        assert_eq!(notes, [Note::ClockBack { session: Some(session), seq: 3 }]);
        std::fs::remove_dir_all(root).expect("removed");
    }
}
