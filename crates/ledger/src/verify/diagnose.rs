//! Finds which line of a log that does not fit is the wrong one.

use super::walk::{Extent, Log, Suspicion};
use crate::LedgerError;
use crate::checkpoint::{self, origin};
use crate::flaw::{Flaw, What};
use crate::key::{PrivateKey, Sums};
use crate::line::{Line, genuine};
use crate::lines::Lines;
use crate::merkle::{Frontier, leaf};

impl Log<'_> {
    /// Verifies the log, and tells each whole line.
    ///
    /// # Errors
    /// The first flaw, or the log cannot be read.
    pub(crate) fn verify(&self, each: impl FnMut(&[u8]) -> Result<(), What>) -> Result<Extent, LedgerError> {
        match (self.pass(each)?, self.private) {
            (Ok(extent), Some(key)) if extent.signed < extent.tree.size() => {
                // What is not yet signed has sums.
                self.first_foreign(key, None)?.map_or(Ok(extent), |flaw| Err(flaw.into()))
            }
            (Ok(extent), _) => Ok(extent),
            (Err(suspicion), Some(key)) => {
                let known = Flaw { session: self.name(), seq: suspicion.seq, until: None, what: suspicion.what };
                Err(self.first_foreign(key, Some(&known))?.unwrap_or(known).into())
            }
            (Err(suspicion), None) => Err(self.range(suspicion)?.into()),
        }
    }

    /// The first line that the owner of the key did not write there.
    fn first_foreign(&self, key: &PrivateKey, known: Option<&Flaw>) -> Result<Option<Flaw>, LedgerError> {
        let sums = key.sums(&origin(self.session));
        let mut lines = Lines::new(self.files.clone());
        let mut seq = 0;
        let flaw = |seq, what| Ok(Some(Flaw { session: self.name(), seq, until: None, what }));
        while let Some(piece) = lines.next()? {
            if !piece.whole {
                let is_genuine = genuine(piece.bytes, &sums);
                let last = lines.next()?.is_none();
                return match known {
                    // Nothing is wrong with a line that is being written; what is known to be, is before it.
                    None if last => Ok(None),
                    Some(known) if last && known.seq < seq => Ok(None),
                    Some(_) if last && is_genuine => flaw(seq, What::CutOff),
                    _ => flaw(seq, What::Changed),
                };
            }
            if !genuine(piece.bytes, &sums) {
                return flaw(seq, self.whose(piece.bytes, key).map_or(What::Changed, What::OfSession));
            }
            match Line::parse(piece.bytes).map(|line| line.seq) {
                Some(found) if found == seq => seq += 1,
                Some(found) if found < seq => return flaw(seq, What::Repeated),
                Some(_) => return flaw(seq, missing(lines, seq, &sums)?),
                None => return flaw(seq, What::Changed),
            }
        }
        Ok(None)
    }

    /// The other session in whose log the line was written.
    fn whose(&self, line: &[u8], key: &PrivateKey) -> Option<String> {
        let heads = self.session.is_some().then(|| (None, "(the log of sessions)".to_owned()));
        let others = self.others.iter().map(|other| (Some(other.as_str()), other.clone()));
        let others = heads.into_iter().chain(others).filter(|(session, _)| *session != self.session);
        others.into_iter().find(|(session, _)| genuine(line, &key.sums(&origin(*session)))).map(|(_, name)| name)
    }

    /// Between which lines the flaw is, as far as signatures tell: behind the last checkpoint that fits.
    fn range(&self, suspicion: Suspicion) -> Result<Flaw, LedgerError> {
        let origin = origin(self.session);
        let mut lines = Lines::new(self.files.clone());
        let mut tree = Frontier::default();
        let (mut begin, mut until) = (0, suspicion.seq);
        while let Some(piece) = lines.next()?.filter(|_| tree.size() < suspicion.seq) {
            if Line::parse(piece.bytes).is_some_and(|line| line.is_checkpoint()) {
                let read = checkpoint::from_line(piece.bytes, &origin, self.public);
                let fits = read.is_some_and(|(read, _)| read.root == tree.root() && read.is_of(&origin, self.public));
                if !fits {
                    until = tree.size();
                    break;
                }
                // The sum at its own end is not covered by its signature, but by the next.
                begin = tree.size();
            }
            tree.push(leaf(piece.bytes));
        }
        let until = (until > begin).then_some(until);
        Ok(Flaw { session: self.name(), seq: begin.min(suspicion.seq), until, what: suspicion.what })
    }

    fn name(&self) -> Option<String> {
        self.session.map(str::to_owned)
    }
}

/// Whether the line of this place stands further down, or nowhere.
fn missing(mut lines: Lines, seq: u64, sums: &Sums) -> Result<What, LedgerError> {
    while let Some(piece) = lines.next()? {
        if Line::parse(piece.bytes).is_some_and(|line| line.seq == seq) && genuine(piece.bytes, sums) {
            return Ok(What::OutOfOrder);
        }
    }
    Ok(What::Missing)
}
