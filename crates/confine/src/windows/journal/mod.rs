//! The journal of all changes to access lists: written before a list is changed, so that everything can be taken out again,
//! whenever and wherever it was interrupted.
//!
//! A list is changed in three steps: what will be added is written to the journal and is on the disk; the list is written;
//! that it is done is written too. Taking out goes the same way. Where the last step is missing, the list may be as it was,
//! as it shall be, or changed on some of the files that inherit it, and is written again whatever it looks like.
//! Of a list, only what the journal says is taken out. What others changed meanwhile stays.

mod apply;
mod begin;
mod clean;
mod file;
mod holding;
mod line;
mod lists;
mod moved;
mod spot;
#[cfg(test)]
mod tests;

pub use apply::{Applied, ApplyError};
pub use begin::Begun;
pub use clean::{Cleaned, Left};
pub use file::{JournalFile, Storage};
pub use lists::{Change, List, Lists};
pub(super) use lists::{fitted, merged};

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use pinfold_acl::Sid;
use thiserror::Error;

use holding::Holding;
use line::{Parsed, Record};
use spot::Spot;

/// Why the journal cannot be used. No list has been changed then.
#[derive(Debug, Error)]
pub enum JournalError {
    /// It could not be read or written.
    #[error("failed to {action} the journal of access lists")]
    Storage {
        /// What was being done.
        action: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is there, and stays as it is.
    #[error("the journal of access lists was written by another version ({what}); that one can clean up")]
    Unknown {
        /// What is not known.
        what: String,
    },
}

/// What has been done to which lists, as far as it has not been taken out.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    holdings: BTreeMap<Spot, Holding>,
    shared: BTreeSet<Sid>,
    /// Lines in the storage.
    lines: usize,
    /// Whether the last line may not be whole.
    cut_off: bool,
    /// Where a journal was kept of which not every line could be read.
    pub damaged: Option<String>,
}

impl<S: Storage> Journal<S> {
    /// Reads it. A last line that was cut off is as good as none, since its list has not been changed; lines that are
    /// damaged otherwise are passed over, and a copy is kept.
    pub fn open(mut storage: S) -> Result<Self, JournalError> {
        let bytes = storage.read().map_err(failed("read"))?.unwrap_or_default();
        let Parsed { records, lines, cut_off, damaged } = line::parse(&bytes)?;
        let damaged = match damaged {
            true => Some(storage.keep_copy().map_err(failed("keep a copy of"))?),
            false => None,
        };
        let mut holdings = BTreeMap::new();
        records.into_iter().for_each(|record| holding::take(&mut holdings, record));
        let mut journal = Self { storage, holdings, shared: BTreeSet::new(), lines, cut_off, damaged };
        if cut_off || journal.damaged.is_some() {
            journal.write_anew()?;
        }
        Ok(journal)
    }

    /// With identifiers that many roots have entries for, such as that of a group: these go with the last entry of an
    /// identifier that is not shared.
    #[must_use]
    pub fn sharing(mut self, sids: impl IntoIterator<Item = Sid>) -> Self {
        self.shared.extend(sids);
        self
    }

    /// Whether all that is not shared at a path belongs to some identifiers.
    fn all_of(&self, holding: &Holding, whose: impl Fn(&Sid) -> bool) -> bool {
        holding.entries.iter().filter(|ace| !self.shared.contains(&ace.sid)).all(|ace| whose(&ace.sid))
    }

    /// What is known of what is at a path.
    fn held(&self, path: &str) -> Option<&Holding> {
        self.holdings.get(&Spot::at(path))
    }

    /// Whose entries are in some list.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.holdings.values().flat_map(|holding| holding.entries.iter().map(|ace| &ace.sid))
    }

    /// The paths whose lists have entries or a label of ours, or may have.
    #[cfg(test)]
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.holdings.keys().map(|spot| spot.path.as_str())
    }

    /// Writes lines and knows what they say once they are on the disk.
    fn note(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        if self.lines == 0 || self.cut_off {
            self.write_anew()?;
        }
        let text: String = records.iter().map(line::write).collect();
        self.cut_off = true;
        self.storage.append(text.as_bytes()).map_err(failed("write to"))?;
        self.cut_off = false;
        self.lines += records.len();
        records.into_iter().for_each(|record| holding::take(&mut self.holdings, record));
        Ok(())
    }

    /// Forgets lines that are no longer needed, where there are many.
    fn tidy(&mut self) -> Result<(), JournalError> {
        let needed = self.holdings.values().map(|holding| 2 + holding.entries.len()).sum::<usize>();
        match self.lines > 2 * needed + super::limits::JOURNAL_LINES_KEPT || (needed == 0 && self.lines > 1) {
            true => self.write_anew(),
            false => Ok(()),
        }
    }

    fn write_anew(&mut self) -> Result<(), JournalError> {
        let records: Vec<Record> = self.holdings.iter().flat_map(|(spot, holding)| holding.records(spot)).collect();
        let text: String = records.iter().map(line::write).collect();
        self.storage.replace(format!("{}{text}", line::HEAD).as_bytes()).map_err(failed("write"))?;
        self.lines = 1 + records.len();
        self.cut_off = false;
        Ok(())
    }
}

fn failed(action: &'static str) -> impl Fn(io::Error) -> JournalError {
    move |source| JournalError::Storage { action, source }
}
