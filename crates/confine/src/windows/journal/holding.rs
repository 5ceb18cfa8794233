//! What is ours of one list, as the lines of the journal have it up to now.

use std::collections::BTreeMap;

use pinfold_acl::{Ace, Label};

use super::line::{Labelled, Record};
use super::spot::Spot;
use crate::windows::FileId;

/// Entries and a label of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) file: Option<FileId>,
    pub(super) entries: Vec<Ace>,
    pub(super) labels: Option<Labels>,
    /// Whether the list, and what inherits it, is known to be as it should be.
    pub(super) settled: bool,
}

/// Labels that were set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels {
    /// The last one. It may not be there yet.
    pub(super) set: Label,
    /// Those of which one may be there instead, if the last change was interrupted.
    earlier: Vec<Label>,
    /// What was there.
    pub(super) before: Option<Label>,
}

/// Takes a line into account.
pub(super) fn take(holdings: &mut BTreeMap<Spot, Holding>, record: Record) {
    match record {
        Record::Added { path, file, entries, labelled } => {
            let holding = holdings.entry(path).or_default();
            holding.file = file.or(holding.file);
            for ace in entries {
                if !holding.entries.contains(&ace) {
                    holding.entries.push(ace);
                }
            }
            if let Some(labelled) = labelled {
                holding.labels = Some(Labels::after(holding.labels.take(), labelled));
            }
            holding.settled = false;
        }
        Record::Changing { path } => {
            holdings.entry(path).and_modify(|holding| holding.settled = false);
        }
        Record::Settled { path } => {
            holdings.entry(path).and_modify(Holding::settle);
        }
        Record::Removed { path, entries, label } => {
            let Some(holding) = holdings.get_mut(&path) else { return };
            holding.entries.retain(|ace| !entries.contains(ace));
            holding.labels = holding.labels.take().filter(|_| !label);
            if holding.entries.is_empty() && holding.labels.is_none() {
                holdings.remove(&path);
            }
        }
        Record::Dropped { path } => drop(holdings.remove(&path)),
    }
}

impl Holding {
    fn settle(&mut self) {
        self.settled = true;
        if let Some(labels) = &mut self.labels {
            labels.earlier.clear();
        }
    }

    /// The lines that say the same.
    pub(super) fn records(&self, spot: &Spot) -> Vec<Record> {
        let added = |entries: &[Ace], labelled| Record::Added {
            path: spot.clone(),
            file: self.file,
            entries: entries.to_vec(),
            labelled,
        };
        let mut records = vec![added(&self.entries, None)];
        if let Some(labels) = &self.labels {
            let all = labels.earlier.iter().chain([&labels.set]);
            records.extend(all.map(|set| added(&[], Some(Labelled { set: *set, before: labels.before }))));
        }
        records.extend(self.settled.then(|| Record::Settled { path: spot.clone() }));
        records
    }
}

impl Labels {
    /// After another one is set. Where somebody else's was there, ours are gone.
    fn after(known: Option<Self>, Labelled { set, before }: Labelled) -> Self {
        let earlier = match known.filter(|known| known.before == before) {
            Some(known) => known.earlier.into_iter().chain([known.set]).filter(|label| *label != set).collect(),
            None => Vec::new(),
        };
        Self { set, earlier, before }
    }

    /// Whether a list has what was there before, or one of ours, so that nobody else has changed it.
    pub(super) fn knows(&self, label: Option<Label>) -> bool {
        label == self.before || label == Some(self.set) || self.earlier.iter().any(|earlier| label == Some(*earlier))
    }
}
