//! Choosing: whole entries, whole directories, single hunks.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use super::layout::Pane;
use super::page::Page;
use super::view::View;

/// How much of an entry is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    Whole,
    /// These hunks.
    Hunks(BTreeSet<usize>),
}

/// How much of several entries is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    None,
    Some,
    All,
    /// Nothing of it can be.
    Never,
}

impl Page {
    /// What of entries is chosen.
    pub(super) fn share(&self, range: Range<usize>) -> Share {
        let can_be = self.offered(range.clone()).count();
        let chosen = self.chosen.range(range);
        let (whole, parts): (Vec<_>, Vec<_>) = chosen.partition(|(_, chosen)| **chosen == Chosen::Whole);
        match (whole.len(), parts.len()) {
            _ if can_be == 0 => Share::Never,
            (0, 0) => Share::None,
            (all, 0) if all >= can_be => Share::All,
            _ => Share::Some,
        }
    }

    /// What is chosen with all that is there: what can be, and what git ignores only where there is nothing else.
    fn offered(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        let all_ignored = self.entries[range.clone()].iter().all(|entry| entry.ignored);
        range.filter(move |entry| {
            let entry = &self.entries[*entry];
            entry.refusal().is_none() && (all_ignored || !entry.ignored)
        })
    }

    /// Whether a hunk of an entry is chosen.
    pub(super) fn has_hunk(&self, entry: usize, hunk: usize) -> bool {
        match self.chosen.get(&entry) {
            Some(Chosen::Whole) => true,
            Some(Chosen::Hunks(hunks)) => hunks.contains(&hunk),
            None => false,
        }
    }

    /// The absolute paths of all that was chosen.
    pub(super) fn paths(&self) -> BTreeSet<PathBuf> {
        self.chosen.keys().flat_map(|entry| self.entries[*entry].members.iter().cloned()).collect()
    }

    /// The files of which some hunks were chosen, each with the diff that was shown, and the hunks.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&PathBuf, Option<&View>, &BTreeSet<usize>)> {
        self.chosen.iter().filter_map(|(entry, chosen)| {
            let Chosen::Hunks(hunks) = chosen else { return None };
            Some((self.entries[*entry].members.first()?, self.diffs.get(*entry), hunks))
        })
    }

    pub(super) fn choose(&mut self) {
        let is_folder = self.node().is_some_and(|node| node.is_folder);
        match (self.focus.pane, self.entry()) {
            (Pane::Diff, Some(entry)) if !is_folder => self.choose_in_diff(entry),
            _ => self.choose_node(),
        }
    }

    /// All that is at a node and below, or nothing of it.
    fn choose_node(&mut self) {
        let Some(range) = self.node().map(|node| node.entries.clone()) else { return };
        match self.share(range.clone()) {
            Share::All => range.for_each(|entry| drop(self.chosen.remove(&entry))),
            Share::Never => self.notice = self.entries[range.start].refusal(),
            Share::None | Share::Some => {
                for entry in self.offered(range).collect::<Vec<_>>() {
                    self.chosen.insert(entry, Chosen::Whole);
                }
            }
        }
    }

    /// The hunk that is looked at, or the whole where it has no parts.
    fn choose_in_diff(&mut self, entry: usize) {
        if let Some(refusal) = self.entries[entry].refusal() {
            self.notice = Some(refusal);
            return;
        }
        let (parts, hunk) = self.view().map_or((0, None), |view| (view.parts.len(), view.hunk_at(self.focus.line)));
        let (Some(hunk), 2..) = (hunk, parts) else {
            if self.chosen.remove(&entry).is_none() {
                self.chosen.insert(entry, Chosen::Whole);
            }
            return;
        };
        let mut hunks: BTreeSet<usize> = (0..parts).filter(|hunk| self.has_hunk(entry, *hunk)).collect();
        if !hunks.remove(&hunk) {
            hunks.insert(hunk);
        }
        match hunks.len() {
            0 => drop(self.chosen.remove(&entry)),
            all if all == parts => drop(self.chosen.insert(entry, Chosen::Whole)),
            _ => drop(self.chosen.insert(entry, Chosen::Hunks(hunks))),
        }
    }
}
