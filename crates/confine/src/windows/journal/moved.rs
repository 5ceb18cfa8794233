//! What was moved away from its path, with entries and a label of ours: it is remembered beside what took its place.

use std::collections::BTreeSet;

use pinfold_plan::windows::Edit;

use super::holding::Holding;
use super::line::Record;
use super::lists::Lists;
use super::spot::Spot;
use super::{Journal, JournalError, Storage};
use crate::windows::FileId;

impl<S: Storage> Journal<S> {
    /// Looks at the paths of a run, and at those from which something was moved away: what is known of each is known of what is
    /// there now, or of what was there.
    pub(super) fn follow(&mut self, lists: &impl Lists, wanted: &[Edit]) -> Result<(), JournalError> {
        let moved = self.holdings.keys().filter(|spot| spot.moved.is_some()).map(|spot| &*spot.path);
        let paths: BTreeSet<&str> = wanted.iter().map(|edit| &*edit.path).chain(moved).collect();
        let there = paths.into_iter().filter_map(|path| Some((path, lists.read(path).ok()?.file?)));
        let records = there.flat_map(|(path, now)| self.gone_away(lists, path, now).chain(self.come_back(path, now)));
        let records = records.collect();
        self.note(records)
    }

    /// Something else was at the path, and still is somewhere. Of what is gone, whatever took its name may have the list.
    fn gone_away(&self, lists: &impl Lists, path: &str, now: FileId) -> impl Iterator<Item = Record> {
        let another = |held: &&Holding| held.file.is_some_and(|file| file != now && lists.is_somewhere(path, file));
        let held = self.held(path).filter(another);
        let moved = held.and_then(|held| Some(held.records(&Spot::moved(path, held.file?))));
        let dropped = moved.is_some().then(|| Record::Dropped { path: Spot::at(path) });
        moved.into_iter().flatten().chain(dropped)
    }

    /// What is at the path was there before. How far the list is as it should be is not known, then.
    fn come_back(&self, path: &str, now: FileId) -> impl Iterator<Item = Record> {
        let moved = Spot::moved(path, now);
        let held = self.holdings.get(&moved).map(|held| held.records(&Spot::at(path)));
        let dropped = held.is_some().then_some(Record::Dropped { path: moved });
        held.into_iter().flatten().filter(|record| !matches!(record, Record::Settled { .. })).chain(dropped)
    }
}
