//! Choosing: whole entries, whole directories, single hunks.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use super::entry::Standing;
use super::layout::Pane;
use super::page::Page;
use super::tree::Node;
use super::view::View;

/// How much of an entry is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chosen {
    Whole,
    /// These hunks.
    Hunks(BTreeSet<usize>),
    /// What the run left, whatever somebody has made of it.
    Theirs,
    /// What lies in the workspace: what the run left waits no more.
    Mine,
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
        let decided = self.chosen.range(range.clone()).filter(|(entry, _)| self.entries[**entry].refusal().is_some());
        let can_be = self.offered(range.clone()).count() + decided.count();
        let is_whole = |chosen: &Chosen| matches!(chosen, Chosen::Whole | Chosen::Theirs);
        let (whole, parts): (Vec<_>, Vec<_>) = self.chosen.range(range).partition(|(_, chosen)| is_whole(chosen));
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
            Some(Chosen::Whole | Chosen::Theirs) => true,
            Some(Chosen::Hunks(hunks)) => hunks.contains(&hunk),
            Some(Chosen::Mine) | None => false,
        }
    }

    /// The absolute paths of all that was chosen to be taken over.
    pub(super) fn paths(&self) -> BTreeSet<PathBuf> {
        self.members(|chosen| *chosen != Chosen::Mine)
    }

    /// Those of them where what the run left counts, whatever somebody has made of it.
    pub(super) fn theirs(&self) -> BTreeSet<PathBuf> {
        self.members(|chosen| *chosen == Chosen::Theirs)
    }

    /// The absolute paths of all that stays as it is in the workspace.
    pub(super) fn mine(&self) -> BTreeSet<PathBuf> {
        self.members(|chosen| *chosen == Chosen::Mine)
    }

    fn members(&self, which: impl Fn(&Chosen) -> bool) -> BTreeSet<PathBuf> {
        let entries = self.chosen.iter().filter(|(_, chosen)| which(chosen)).map(|(entry, _)| &self.entries[*entry]);
        entries.flat_map(|entry| entry.members.iter().cloned()).collect()
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

    /// Decides whose version of what is looked at counts, or takes that back.
    pub(super) fn decide(&mut self, whose: Chosen) {
        let Some(number) = self.entry() else {
            self.notice = Some("it is decided of one file after the other".to_owned());
            return;
        };
        let refused = match (&self.entries[number].standing, &whose) {
            (Standing::Stays(_), _) => self.entries[number].refusal(),
            (Standing::Conflicts { theirs: false, why }, Chosen::Theirs) => Some(format!("it cannot be taken: {why}")),
            (Standing::Free | Standing::Merges(_), Chosen::Theirs) => {
                Some("nothing is in its way: space takes it over".to_owned())
            }
            _ => None,
        };
        if refused.is_some() {
            self.notice = refused;
        } else if self.chosen.get(&number) == Some(&whose) {
            self.chosen.remove(&number);
        } else {
            self.chosen.insert(number, whose);
        }
    }

    /// Whose version counts at a node, where somebody has decided that.
    pub(super) fn decision(&self, node: &Node) -> Option<&Chosen> {
        let decided = |chosen: &&Chosen| matches!(chosen, Chosen::Theirs | Chosen::Mine);
        self.chosen.get(&node.entry?).filter(decided)
    }

    /// All that is at a node and below, or nothing of it.
    fn choose_node(&mut self) {
        let Some(range) = self.node().map(|node| node.entries.clone()) else { return };
        if self.node().is_some_and(|node| self.decision(node).is_some()) {
            self.entry().map(|entry| self.chosen.remove(&entry));
            return;
        }
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
