//! What is taken over, and what stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_stage::{Change, Changes, Pick, What};

use super::changes::shown as shown_path;
use super::guarded::Guarded;
use super::hunks::Picked;
use super::opened::Place;
use crate::context::Context;
use crate::error::CliError;

/// How many paths are told one by one.
const TOLD: usize = 20;

/// What is taken over, and what stays.
#[derive(Default)]
pub(super) struct Choice {
    chosen: BTreeSet<PathBuf>,
    /// What files contain of which a part is taken over.
    contents: BTreeMap<PathBuf, Arc<[u8]>>,
    /// Asked about, and nobody said yes.
    held_back: Vec<(PathBuf, String)>,
    /// Asked about, and somebody said yes.
    agreed: BTreeSet<PathBuf>,
    /// What the run left counts, whatever somebody has made of it.
    theirs: BTreeSet<PathBuf>,
    /// Branches that came beside those that have moved on.
    beside: Vec<String>,
}

impl Choice {
    /// What is meant, with what that needs. `agree` is asked about each path that would execute outside, with the reason.
    pub(super) fn of(
        places: &[Place],
        meant: impl Fn(&Place, &Change) -> bool,
        guarded: &Guarded,
        mut agree: impl FnMut(&Path, &str) -> Result<bool, CliError>,
    ) -> Result<Self, CliError> {
        let mut choice = Self::default();
        for place in places {
            let needed = place.changes.with_needed(|change| meant(place, change));
            let refused = choice.ask(place, guarded, &needed, &mut agree)?;
            let refused = with_what_hangs_on_it(&place.changes, &needed, refused);
            let chosen = needed.difference(&refused).filter(|path| {
                let change = place.changes.get(path);
                change.is_none_or(|change| !is_new_directory(change) || guarded.why(&place.path(change)).is_none())
            });
            choice.chosen.extend(chosen.map(|path| place.root.join(path)));
        }
        Ok(choice)
    }

    /// What of a place nobody agreed to, relative to it.
    fn ask(
        &mut self,
        place: &Place,
        guarded: &Guarded,
        needed: &BTreeSet<PathBuf>,
        agree: &mut impl FnMut(&Path, &str) -> Result<bool, CliError>,
    ) -> Result<BTreeSet<PathBuf>, CliError> {
        let mut refused = BTreeSet::new();
        for change in needed.iter().filter_map(|path| place.changes.get(path)) {
            let path = place.path(change);
            // A new directory comes with what is in it, or not at all.
            let Some(why) = guarded.why(&path).filter(|_| !is_new_directory(change)) else { continue };
            if agree(&path, why)? {
                self.agreed.insert(path);
            } else {
                self.held_back.push((path, why.to_owned()));
                refused.insert(change.path.clone());
            }
        }
        Ok(refused)
    }

    /// Of files that somebody picked hunks of, these alone.
    pub(super) fn keep(&mut self, picked: Picked) {
        self.chosen.retain(|path| !picked.left.contains(path));
        self.contents = picked.contents;
    }

    /// Of some paths what the run left counts, whatever somebody has made of them since.
    pub(super) fn prefer(&mut self, theirs: impl Fn(&Path) -> bool) {
        self.theirs = self.chosen.iter().filter(|path| theirs(path)).cloned().collect();
    }

    /// Whether somebody has refused something, or nobody could be asked.
    pub(super) fn holds_back(&self) -> bool {
        !self.held_back.is_empty()
    }

    /// Whether a path is taken over, wholly or in part.
    pub(super) fn takes(&self, path: &Path) -> bool {
        self.chosen.contains(path)
    }

    /// Whether it would execute outside, and somebody said yes.
    pub(super) fn agreed(&self) -> &BTreeSet<PathBuf> {
        &self.agreed
    }

    pub(super) fn was_agreed_to(&self, path: &Path) -> bool {
        self.agreed.contains(path)
    }

    /// What git goes another way with.
    pub(super) fn leave(&mut self, left: BTreeSet<PathBuf>, beside: Vec<String>) {
        self.chosen.retain(|path| !left.contains(path));
        self.beside.extend(beside);
    }

    /// What of a change is taken over.
    pub(super) fn pick(&self, path: &Path) -> Pick {
        match self.contents.get(path) {
            _ if !self.chosen.contains(path) => Pick::Not,
            Some(content) => Pick::Content(content.clone()),
            None if self.theirs.contains(path) => Pick::Theirs,
            // Under another name what somebody was asked about would be written without a question.
            None if self.agreed.contains(path) => Pick::Apart,
            None => Pick::Whole,
        }
    }

    /// What was not taken over, or not as it was.
    pub(super) fn tell(&self, context: &Context) {
        for (path, why) in self.held_back.iter().take(TOLD) {
            eprintln!("pinfold: not taken over: {}: {why}", shown_path(&context.workspace, path));
        }
        if !self.held_back.is_empty() {
            let more = self.held_back.len().saturating_sub(TOLD);
            let more = if more > 0 { format!("{more} more; ") } else { String::new() };
            eprintln!("pinfold: {more}with --traps such files are taken over as well");
        }
        for name in &self.beside {
            eprintln!(
                "pinfold: you have committed since: what the run committed is at {name}; commit what was taken over, then git merge {name}"
            );
        }
    }
}

fn is_new_directory(change: &Change) -> bool {
    change.what == What::Created && change.makes_directory()
}

/// What cannot be taken over without what was refused: what lies in a directory that stays away or stays as it is, and the
/// removal of directories in which something stays.
pub(super) fn with_what_hangs_on_it(
    changes: &Changes,
    needed: &BTreeSet<PathBuf>,
    mut refused: BTreeSet<PathBuf>,
) -> BTreeSet<PathBuf> {
    for path in refused.clone() {
        let Some(change) = changes.get(&path) else { continue };
        if change.makes_directory() || change.removes_directory() {
            refused.extend(changes.below(&path).iter().map(|below| below.path.clone()));
        }
    }
    let removed = needed.iter().filter_map(|path| changes.get(path)).filter(|change| change.removes_directory());
    // The deepest first, so that one that stays keeps the one above.
    for change in removed.collect::<Vec<_>>().into_iter().rev() {
        let stays = |below: &Change| below.before.is_some() && refused.contains(&below.path);
        if changes.below(&change.path).iter().any(stays) {
            refused.insert(change.path.clone());
            // What came in its place cannot.
            let inside = changes.below(&change.path).iter().filter(|below| below.before.is_none());
            refused.extend(inside.map(|below| below.path.clone()));
        }
    }
    refused
}
