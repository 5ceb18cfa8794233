//! The diffs that were read, of which only a few are kept.

use std::collections::BTreeMap;

use super::view::{Amount, View};

/// How many are kept beside those that are held.
const KEPT: usize = 16;

/// The diffs that were read, by entry.
#[derive(Debug, Default)]
pub(super) struct Diffs {
    views: BTreeMap<usize, View>,
    /// Which of them came last, the last one at the end.
    order: Vec<usize>,
    amounts: BTreeMap<usize, Amount>,
}

impl Diffs {
    /// That of an entry.
    pub(super) fn get(&self, entry: usize) -> Option<&View> {
        self.views.get(&entry)
    }

    /// How much changes, also where the diff is kept no more; nothing where it was never read.
    pub(super) fn amount(&self, entry: usize) -> Option<Amount> {
        self.amounts.get(&entry).copied()
    }

    /// Keeps one more. Those that `held` names stay.
    pub(super) fn take(&mut self, entry: usize, view: View, held: impl Fn(usize) -> bool) {
        self.amounts.insert(entry, view.amount);
        if self.views.contains_key(&entry) && held(entry) {
            return;
        }
        self.views.insert(entry, view);
        self.order.retain(|one| *one != entry);
        self.order.push(entry);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.iter().position(|one| !held(*one))
        {
            self.views.remove(&self.order.remove(oldest));
        }
    }
}
