//! Taking out what is ours, and nothing else.

use std::collections::BTreeMap;
use std::io;

use pinfold_acl::{Ace, Sid};

use super::holding::{Holding, Labels};
use super::line::Record;
use super::lists::{Change, List, Lists, without};
use super::spot::Spot;
use super::{Journal, JournalError, Storage};
use crate::windows::FileId;

/// What has been taken out.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// Lists that were changed back.
    pub undone: usize,
    /// Paths at which nothing is any more.
    pub gone: Vec<String>,
    /// Lists that could not be changed back. They stay in the journal.
    pub left: Vec<Left>,
}

/// A list that still has entries or a label of ours.
#[derive(Debug, thiserror::Error)]
#[error("failed to take entries out of the access list of {path}")]
pub struct Left {
    /// Of what.
    pub path: String,
    /// Whether it is somewhere else now. Where that is nobody can say.
    pub moved: bool,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// What had the entries has another path now. What is in its place, if anything, is left alone.
#[derive(Debug, thiserror::Error)]
#[error("it was moved; move it back, or remove it for good, and clean up again")]
struct Moved;

impl Moved {
    fn is_why(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// What goes out of one list.
struct Part {
    /// What it was put into, where that is known.
    file: Option<FileId>,
    entries: Vec<Ace>,
    labels: Option<Labels>,
}

impl<S: Storage> Journal<S> {
    /// Takes everything out.
    pub fn clean(&mut self, lists: &mut impl Lists) -> Result<Cleaned, JournalError> {
        let cleaned = self.take_out(lists, &|_| true, &|_, _, _| true, &|_, _| true)?;
        self.tidy()?;
        Ok(cleaned)
    }

    /// Takes out what belongs to some identifiers, and with their last entry at a path the label that they had there.
    pub fn undo(&mut self, lists: &mut impl Lists, whose: &dyn Fn(&Sid) -> bool) -> Result<Cleaned, JournalError> {
        let shared = self.shared.clone();
        let goes = |_: &Spot, all: bool, ace: &Ace| if shared.contains(&ace.sid) { all } else { whose(&ace.sid) };
        let cleaned = self.take_out(lists, whose, &goes, &|_, all| all)?;
        self.tidy()?;
        Ok(cleaned)
    }

    /// Takes some entries and some labels out. Both are asked about with whether all that is not shared at their path is
    /// `whose`.
    pub(super) fn take_out(
        &mut self,
        lists: &mut impl Lists,
        whose: &dyn Fn(&Sid) -> bool,
        goes: &dyn Fn(&Spot, bool, &Ace) -> bool,
        label_goes: &dyn Fn(&Spot, bool) -> bool,
    ) -> Result<Cleaned, JournalError> {
        let part = |(spot, holding): (&Spot, &Holding)| {
            // Without entries it is nobody's.
            let all = !holding.entries.is_empty() && self.all_of(holding, whose);
            let entries: Vec<Ace> = holding.entries.iter().filter(|ace| goes(spot, all, ace)).cloned().collect();
            let labels = holding.labels.clone().filter(|_| label_goes(spot, all));
            (!entries.is_empty() || labels.is_some())
                .then(|| (spot.clone(), Part { file: holding.file, entries, labels }))
        };
        let parts: BTreeMap<Spot, Part> = self.holdings.iter().filter_map(part).collect();
        let settled = parts.keys().filter(|spot| self.holdings.get(*spot).is_some_and(|held| held.settled));
        self.note(settled.map(|spot| Record::Changing { path: spot.clone() }).collect())?;
        let mut cleaned = Cleaned::default();
        let mut records = Vec::new();
        // A directory before what is in it: what is inherited no longer need not be written for each.
        for (spot, part) in parts {
            match part.restore(lists, &spot) {
                Ok(true) => {
                    cleaned.undone += 1;
                    records.push(part.removed(&spot));
                    records.push(Record::Settled { path: spot });
                }
                Ok(false) => {
                    cleaned.gone.push(spot.path.clone());
                    records.push(Record::Dropped { path: spot });
                }
                Err(error) => {
                    cleaned.left.push(Left { moved: Moved::is_why(&error), path: spot.path, error });
                }
            }
        }
        self.note(records)?;
        Ok(cleaned)
    }
}

impl Part {
    /// Writes the list without it, though it may be out already: what inherits the list may still have it. Says whether
    /// there is something at the path.
    fn restore(&self, lists: &mut impl Lists, Spot { path, moved }: &Spot) -> io::Result<bool> {
        let list = match lists.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            list => Some(list?),
        };
        let another = |file: &FileId| list.as_ref().is_none_or(|list| list.file.is_some_and(|now| now != *file));
        let away = self.file.filter(another);
        if away.is_some_and(|file| lists.is_somewhere(path, file)) {
            return Err(io::Error::other(Moved));
        }
        // What is gone has left its list to whatever took its name, as most programs that save a file do it; but not where
        // that was known for another already.
        match list.filter(|_| away.is_none() || moved.is_none()) {
            Some(list) => lists.write(path, &self.change(&list)).map(|()| true),
            None => Ok(false),
        }
    }

    /// A label that somebody else set stays.
    fn change(&self, list: &List) -> Change {
        let labels = self.labels.as_ref().filter(|labels| labels.knows(list.label));
        Change { dacl: Some(without(&self.entries, &list.dacl)), label: labels.map(|labels| labels.before) }
    }

    fn removed(&self, spot: &Spot) -> Record {
        Record::Removed { path: spot.clone(), entries: self.entries.clone(), label: self.labels.is_some() }
    }
}
