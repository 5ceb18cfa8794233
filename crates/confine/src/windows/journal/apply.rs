//! Bringing lists into the state that a run needs.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use pinfold_acl::{Ace, Label, Sid};
use pinfold_plan::windows::Edit;
use thiserror::Error;

use super::holding::Holding;
use super::line::{Labelled, Record};
use super::lists::{Change, List, Lists, fitted, merged};
use super::spot::Spot;
use super::{Journal, JournalError, Storage};
use crate::windows::place::folded;

/// Why lists are not as a run needs them.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The journal could not be used. No list has been changed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A list could not be read.
    #[error("failed to read the access list of {path}")]
    Read {
        /// Of what.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A list could not be written.
    #[error("failed to write the access list of {path}")]
    Write {
        /// Of what.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another run at the same time needs another label.
    #[error("another run needs {path} with another integrity level")]
    OtherLabel {
        /// Of what.
        path: String,
    },
}

/// What has been done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Lists that were written.
    pub written: usize,
    /// Lists that were as they should be.
    pub kept: usize,
    /// Lists from which entries of earlier runs were taken out.
    pub retired: usize,
}

impl<S: Storage> Journal<S> {
    /// Gives each list what it shall have and writes only those that differ. What earlier runs with the same identifiers
    /// needed and this one does not is taken out, unless `in_use` says that such a run is still there.
    ///
    /// What lies deeper is written first: it is what is protected in the roots above.
    pub fn apply(
        &mut self,
        lists: &mut impl Lists,
        wanted: &[Edit],
        in_use: &dyn Fn(&Sid) -> bool,
    ) -> Result<Applied, ApplyError> {
        let wanted = merged(wanted);
        self.follow(lists, &wanted)?;
        let mut found = Vec::new();
        for edit in wanted {
            let list = read(lists, &edit.path)?;
            self.refuse_other_label(&edit, in_use)?;
            found.push((fitted(edit, &list), list));
        }
        let records = found.iter().rev().filter_map(|(edit, list)| self.addition(edit, list)).collect();
        let mut steps: Vec<(&Edit, Change)> =
            found.iter().map(|(edit, list)| (edit, self.change(edit, list))).collect();
        steps.retain(|(_, change)| *change != Change::default());
        self.note(records)?;
        for (edit, change) in steps.iter().rev() {
            let written = lists.write(&edit.path, change);
            written.map_err(|source| ApplyError::Write { path: edit.path.clone(), source })?;
        }
        let (written, kept) = (steps.len(), found.len() - steps.len());
        let wanted: Vec<Edit> = found.into_iter().map(|(edit, _)| edit).collect();
        self.note(self.unsettled_of(&wanted))?;
        let retired = self.retire(lists, &wanted, in_use)?;
        self.tidy()?;
        Ok(Applied { written, kept, retired })
    }

    fn refuse_other_label(&self, wanted: &Edit, in_use: &dyn Fn(&Sid) -> bool) -> Result<(), ApplyError> {
        let (Some(label), Some(holding)) = (wanted.label, self.held(&wanted.path)) else { return Ok(()) };
        let other = holding.labels.as_ref().is_some_and(|labels| labels.set != label);
        if other && holding.entries.iter().any(|ace| in_use(&ace.sid)) {
            return Err(ApplyError::OtherLabel { path: wanted.path.clone() });
        }
        Ok(())
    }

    /// The line for what the journal does not know yet.
    fn addition(&self, wanted: &Edit, list: &List) -> Option<Record> {
        let holding = self.held(&wanted.path);
        let entries = wanted.entries.iter().filter(|ace| holding.is_none_or(|holding| !holding.entries.contains(ace)));
        let entries: Vec<Ace> = entries.cloned().collect();
        let labelled = wanted.label.and_then(|label| newly_labelled(label, holding, list));
        // What is known may have been taken away by others: then the list is changed once more.
        let again = holding.is_some_and(|holding| holding.settled) && self.change(wanted, list) != Change::default();
        (!entries.is_empty() || labelled.is_some() || again).then(|| Record::Added {
            path: Spot::at(&wanted.path),
            file: list.file,
            entries,
            labelled,
        })
    }

    /// Everything, where the last time was interrupted: what inherits the list may differ though the list does not.
    fn change(&self, wanted: &Edit, list: &List) -> Change {
        let interrupted = self.held(&wanted.path).is_some_and(|holding| !holding.settled);
        let dacl = wanted.added_to(&list.dacl);
        let label = wanted.label.filter(|label| interrupted || list.label != Some(*label));
        Change { dacl: (interrupted || dacl != list.dacl).then_some(dacl), label: label.map(Some) }
    }

    fn unsettled_of(&self, wanted: &[Edit]) -> Vec<Record> {
        let paths = wanted.iter().map(|wanted| &wanted.path);
        let unsettled = paths.filter(|path| self.held(path).is_some_and(|held| !held.settled));
        unsettled.map(|path| Record::Settled { path: Spot::at(path) }).collect()
    }

    /// Takes out what is left of earlier runs with the same identifiers.
    fn retire(
        &mut self,
        lists: &mut impl Lists,
        wanted: &[Edit],
        in_use: &dyn Fn(&Sid) -> bool,
    ) -> Result<usize, ApplyError> {
        let all = wanted.iter().flat_map(|wanted| wanted.entries.iter().map(|ace| &ace.sid));
        let own: BTreeSet<Sid> = all.filter(|sid| !self.shared.contains(sid) && !in_use(sid)).cloned().collect();
        let shared = self.shared.clone();
        // By whatever spelling an earlier run knew a path.
        let wanted: BTreeMap<String, &Edit> = wanted.iter().map(|edit| (folded(&edit.path), edit)).collect();
        let at = |path: &str| wanted.get(&folded(path));
        // What was moved away stays as it is: it may be anywhere.
        let stale = |spot: &Spot, all_own: bool, ace: &Ace| {
            let may_go = if shared.contains(&ace.sid) { all_own } else { own.contains(&ace.sid) };
            may_go && spot.moved.is_none() && at(&spot.path).is_none_or(|edit| !edit.entries.contains(ace))
        };
        let label_is_stale = |spot: &Spot, all_own: bool| {
            all_own && spot.moved.is_none() && at(&spot.path).is_none_or(|edit| edit.label.is_none())
        };
        let cleaned = self.take_out(lists, &|sid| own.contains(sid), &stale, &label_is_stale)?;
        // What was moved carries what it was denied along.
        match cleaned.left.into_iter().find(|left| !left.moved) {
            Some(left) => Err(ApplyError::Write { path: left.path, source: left.error }),
            None => Ok(cleaned.undone),
        }
    }
}

fn read(lists: &impl Lists, path: &str) -> Result<List, ApplyError> {
    lists.read(path).map_err(|source| ApplyError::Read { path: path.to_owned(), source })
}

/// What is to be remembered of a label: what was there before the first of ours.
fn newly_labelled(label: Label, holding: Option<&Holding>, list: &List) -> Option<Labelled> {
    match holding.and_then(|holding| holding.labels.as_ref()) {
        Some(known) if known.knows(list.label) => {
            (known.set != label).then_some(Labelled { set: label, before: known.before })
        }
        // It is as it shall be, by the will of somebody else.
        _ if list.label == Some(label) => None,
        _ => Some(Labelled { set: label, before: list.label }),
    }
}
