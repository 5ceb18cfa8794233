//! Closes sessions whose writer is gone.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use crate::appender::Appender;
use crate::error::{at, found};
use crate::flaw::{Flaw, What};
use crate::head::{Head, Root};
use crate::key::PrivateKey;
use crate::limits::Durability;
use crate::verify::{Index, Log, Mark};
use crate::writer::Segments;
use crate::{Ledger, LedgerError, files, heads};

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
                    unmark(&path)?;
                }
                recovered.push(Recovered { session, closed });
            }
        }
        Ok(recovered)
    }

    /// Makes sessions known again that the log of sessions lost in a power cut: their lines are on the disk, and their
    /// sums show that the owner wrote them, under this name. Whether lines are missing at the end nobody can tell, so
    /// that the record says that the session was found.
    fn adopt(&self, key: &Arc<PrivateKey>, recovered: &mut Vec<Recovered>) -> Result<(), LedgerError> {
        if self.unknown()?.is_empty() {
            return Ok(());
        }
        let path = self.places.sessions();
        let _lock = at(files::lock_directory(&path), "lock", &path)?;
        // Another process may have been first.
        for session in self.unknown()? {
            let files = self.places.segments(&session)?.unwrap_or_default();
            let genuine = self.log(Some(&session), files, &[]).verify(|_| Ok(())).map(drop);
            let begun = Head::Begun { session: session.clone(), found: true };
            let adopted =
                genuine.and_then(|()| heads::append(&self.places, key, Durability::Power, &[begun]).map(drop));
            let closed = adopted.and_then(|()| self.close(key, &session, Vec::new()));
            recovered.push(Recovered { session, closed });
        }
        Ok(())
    }

    /// The sessions with lines that the log of sessions does not know.
    fn unknown(&self) -> Result<Vec<String>, LedgerError> {
        let known = |index: &Index, id: &String| index.sessions.contains_key(id);
        let mut ids = self.places.logs()?;
        let index = self.signed_heads()?;
        ids.retain(|id| !known(&index, id));
        let with_lines = self.with_lines(ids)?;
        if with_lines.is_empty() {
            return Ok(with_lines);
        }
        // One that began meanwhile was known before it had a line.
        let index = self.signed_heads()?;
        let lost = |id: &String| !known(&index, id) && !self.places.is_held(id);
        Ok(with_lines.into_iter().filter(lost).collect())
    }

    /// Nothing, if there was nothing to settle but the marker.
    fn settle(&self, key: &Arc<PrivateKey>, id: &str) -> Result<Option<Result<(), LedgerError>>, LedgerError> {
        let known = self.signed_heads()?.sessions.remove(id);
        let begun = known.is_some();
        if let Some(known) = known.filter(|known| !known.is_closed()) {
            return Ok(Some(self.close(key, id, known.marks)));
        }
        if !begun && self.places.has_lines(id)? {
            return Ok(Some(Err(Flaw::of_session(id, What::Unknown).into())));
        }
        unmark(&self.places.running().join(id))?;
        if !begun {
            // It never came so far that anybody knew of it.
            let directory = self.places.session(id);
            found(std::fs::remove_dir_all(&directory), "remove", &directory)?;
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
    let Some(marker) = found(File::open(path), "open", path)? else { return Ok(None) };
    match marker.try_lock() {
        Ok(()) => Ok(Some(marker)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => at(Err(error), "lock", path),
    }
}

/// Removes a marker, if its writer has not done so just before it ended.
fn unmark(path: &Path) -> Result<(), LedgerError> {
    found(std::fs::remove_file(path), "remove", path).map(drop)
}
