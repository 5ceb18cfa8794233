//! Closes sessions whose writer is gone.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::appender::Appender;
use crate::error::at;
use crate::flaw::{Flaw, What};
use crate::head::{Head, Root};
use crate::key::PrivateKey;
use crate::limits::Durability;
use crate::verify::{Log, Mark};
use crate::writer::Segments;
use crate::{Ledger, LedgerError, heads};

/// A session whose writer was gone.
#[derive(Debug)]
pub struct Recovered {
    /// Its name.
    pub session: String,
    /// Whether it could be closed. One with a flaw stays as it is: nothing wrong is signed.
    pub closed: Result<(), LedgerError>,
}

impl Ledger {
    /// Closes the sessions whose writer died, each with a record that says that it was broken off. Their logs are read
    /// and verified for it; a last line that was not finished is cut off.
    pub fn recover(&self) -> Result<Vec<Recovered>, LedgerError> {
        let key = self.key()?;
        let mut recovered = Vec::new();
        self.adopt(key, &mut recovered)?;
        for session in self.places.unclosed()? {
            let path = self.places.running().join(&session);
            // Its lock is held until all is done, so that no other process does the same.
            if let Some(_marker) = take(&path)?
                && let Some(closed) = self.settle(key, &session)?
            {
                if closed.is_ok() {
                    at(std::fs::remove_file(&path), "remove", &path)?;
                }
                recovered.push(Recovered { session, closed });
            }
        }
        Ok(recovered)
    }

    /// Makes sessions known again that the log of sessions lost in a power cut: their lines are on the disk, and their
    /// sums show that the owner wrote them, under this name. Nothing is lost by it that an attacker could want to hide.
    fn adopt(&self, key: &Arc<PrivateKey>, recovered: &mut Vec<Recovered>) -> Result<(), LedgerError> {
        let known = self.verify_heads(None, &[], &mut Vec::new())?.sessions;
        for session in self.places.logs()?.into_iter().filter(|id| !known.contains_key(id)) {
            if self.places.is_held(&session) || !self.places.has_lines(&session)? {
                continue;
            }
            let files = self.places.segments(&session)?.unwrap_or_default();
            let genuine = self.log(Some(&session), files, &[]).verify(|_| Ok(())).map(drop);
            let begun = Head::Begun { session: session.clone() };
            let adopted =
                genuine.and_then(|()| heads::append(&self.places, key, Durability::Power, &[begun]).map(drop));
            let closed = adopted.and_then(|()| self.close(key, &session, Vec::new()));
            recovered.push(Recovered { session, closed });
        }
        Ok(())
    }

    /// Nothing, if there was nothing to settle but the marker.
    fn settle(&self, key: &Arc<PrivateKey>, id: &str) -> Result<Option<Result<(), LedgerError>>, LedgerError> {
        let known = self.verify_heads(None, &[], &mut Vec::new())?.sessions.remove(id);
        let begun = known.is_some();
        if let Some(known) = known.filter(|known| !known.is_closed()) {
            return Ok(Some(self.close(key, id, known.marks)));
        }
        if !begun && self.places.has_lines(id)? {
            return Ok(Some(Err(Flaw::of_session(id, What::Unknown).into())));
        }
        let path = self.places.running().join(id);
        at(std::fs::remove_file(&path), "remove", &path)?;
        if !begun {
            // It never came so far that anybody knew of it.
            let directory = self.places.session(id);
            at(std::fs::remove_dir_all(&directory), "remove", &directory)?;
        }
        Ok(None)
    }

    fn close(&self, key: &Arc<PrivateKey>, id: &str, marks: Vec<Mark>) -> Result<(), LedgerError> {
        let files = self.places.segments(id)?.unwrap_or_default();
        let last = files.last().cloned().ok_or_else(|| Flaw::of_session(id, What::Gone))?;
        let extent = Log { marks, ..self.log(Some(id), files, &[]) }.verify(|_| Ok(()))?;
        let mut segments = Segments::reopen(&last)?;
        segments.cut(segments.bytes().0.saturating_sub(extent.torn_bytes))?;
        let (signed, cut_bytes, ended) = (extent.signed, extent.torn_bytes, extent.ended);
        let mut log = Appender::new(Arc::clone(key), Some(id), extent.tree);
        log.checkpoint(false);
        segments.write(&log.out)?;
        segments.sync()?;
        let (session, size, root) = (id.to_owned(), log.tree().size(), Root(log.tree().root()));
        let head = if ended {
            // It had ended, and only had not told.
            Head::Ended { session, size, root }
        } else {
            Head::BrokenOff { session, size, root, signed, cut_bytes }
        };
        heads::append(&self.places, key, Durability::Power, &[head]).map(drop)
    }
}

/// The marker of a dead writer, locked.
fn take(path: &Path) -> Result<Option<File>, LedgerError> {
    let marker = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        marker => at(marker, "open", path)?,
    };
    match marker.try_lock() {
        Ok(()) => Ok(Some(marker)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => at(Err(error), "lock", path),
    }
}
