//! Taking out what is ours, and nothing else.

use std::collections::BTreeMap;
use std::io;

use pinfold_acl::{Ace, Sid};

use super::holding::{Holding, Labels};
use super::line::Record;
use super::lists::{Change, List, Lists, without};
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
    /// Why.
    #[source]
    pub error: io::Error,
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
        let goes = |_: &str, all: bool, ace: &Ace| if shared.contains(&ace.sid) { all } else { whose(&ace.sid) };
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
        goes: &dyn Fn(&str, bool, &Ace) -> bool,
        label_goes: &dyn Fn(&str, bool) -> bool,
    ) -> Result<Cleaned, JournalError> {
        let part = |(path, holding): (&String, &Holding)| {
            // Without entries it is nobody's.
            let all = !holding.entries.is_empty() && self.all_of(holding, whose);
            let entries: Vec<Ace> = holding.entries.iter().filter(|ace| goes(path, all, ace)).cloned().collect();
            let labels = holding.labels.clone().filter(|_| label_goes(path, all));
            (!entries.is_empty() || labels.is_some())
                .then(|| (path.clone(), Part { file: holding.file, entries, labels }))
        };
        let parts: BTreeMap<String, Part> = self.holdings.iter().filter_map(part).collect();
        let settled = parts.keys().filter(|path| self.holdings.get(*path).is_some_and(|held| held.settled));
        self.note(settled.map(|path| Record::Changing { path: path.clone() }).collect())?;
        let mut cleaned = Cleaned::default();
        let mut records = Vec::new();
        // A directory before what is in it: what is inherited no longer need not be written for each.
        for (path, part) in parts {
            match part.restore(lists, &path) {
                Ok(true) => {
                    cleaned.undone += 1;
                    records.push(part.removed(&path));
                    records.push(Record::Settled { path });
                }
                Ok(false) => {
                    records.push(Record::Dropped { path: path.clone() });
                    cleaned.gone.push(path);
                }
                Err(error) => cleaned.left.push(Left { path, error }),
            }
        }
        self.note(records)?;
        Ok(cleaned)
    }
}

impl Part {
    /// Writes the list without it, though it may be out already: what inherits the list may still have it. Says whether
    /// there is something at the path.
    fn restore(&self, lists: &mut impl Lists, path: &str) -> io::Result<bool> {
        let list = match lists.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            list => list?,
        };
        self.refuse_another(lists, path, list.file)?;
        lists.write(path, &self.change(&list))?;
        Ok(true)
    }

    /// Somebody moved what was there away, and put another in its place: that one is left alone, and what is ours is where
    /// the first one is now. Where that is gone, as after most programs that save a file, the other one may have its list.
    fn refuse_another(&self, lists: &impl Lists, path: &str, now: Option<FileId>) -> io::Result<()> {
        let (Some(file), Some(now)) = (self.file, now) else { return Ok(()) };
        if file == now || !lists.is_somewhere(path, file) {
            return Ok(());
        }
        Err(io::Error::other(
            "something else is in its place now, and what had the entries was moved; move it back and clean up again",
        ))
    }

    /// A label that somebody else set stays.
    fn change(&self, list: &List) -> Change {
        let labels = self.labels.as_ref().filter(|labels| labels.knows(list.label));
        Change { dacl: Some(without(&self.entries, &list.dacl)), label: labels.map(|labels| labels.before) }
    }

    fn removed(&self, path: &str) -> Record {
        Record::Removed { path: path.to_owned(), entries: self.entries.clone(), label: self.labels.is_some() }
    }
}
