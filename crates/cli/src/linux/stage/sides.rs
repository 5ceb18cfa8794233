//! Whose version of a path counts, where its user says so.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::changes::{counted, shown};
use super::choice::{Choice, with_what_hangs_on_it};
use super::opened::{Opened, Paths, Place};
use crate::args::ApplyArgs;
use crate::context::Context;
use crate::error::CliError;

/// Paths of which somebody says whose version counts, and others.
pub(super) struct Sides {
    /// Those of which nobody says so.
    pub(super) paths: Paths,
    /// The run's.
    pub(super) theirs: Paths,
    mine: Paths,
    /// Whether all paths are meant.
    all: bool,
}

impl Sides {
    pub(super) fn of(context: &Context, paths: &[OsString], args: &ApplyArgs) -> Self {
        let all = paths.is_empty() && args.theirs.is_empty() && args.mine.is_empty();
        let of = |paths| Paths::of(context, paths);
        Self { paths: of(paths), theirs: of(&args.theirs), mine: of(&args.mine), all }
    }

    /// Whether more is meant than what somebody has said whose version counts of.
    pub(super) fn has_others(&self) -> bool {
        self.all || !self.paths.is_empty()
    }

    /// Whether a path is meant to be taken over. Whoever says whose version of some counts means these alone, and others that
    /// he names.
    pub(super) fn mean(&self, path: &Path) -> bool {
        self.all || self.paths.name(path) || self.theirs.name(path)
    }

    /// Those that mean nothing.
    pub(super) fn refuse_unknown(&self, opened: &Opened) -> Result<(), CliError> {
        [&self.paths, &self.theirs, &self.mine].into_iter().try_for_each(|paths| paths.refuse_unknown(opened))
    }

    /// Where what the workspace has stays, with all that makes no sense without it.
    pub(super) fn mine(&self, opened: &Opened) -> BTreeSet<PathBuf> {
        if self.mine.is_empty() { BTreeSet::new() } else { kept(&opened.places, |path| self.mine.name(path)) }
    }
}

/// Where what the workspace has stays, with all that makes no sense without it.
pub(super) fn kept(places: &[Place], is_named: impl Fn(&Path) -> bool) -> BTreeSet<PathBuf> {
    let mut mine = BTreeSet::new();
    for place in places {
        let kept = place.changes.with_needed(|change| is_named(&place.path(change)));
        let all = place.changes.all().iter().map(|change| change.path.clone()).collect();
        let kept = with_what_hangs_on_it(&place.changes, &all, kept);
        // New directories above are needed by what stays away, and nothing speaks against them.
        let is_above = |path: &PathBuf| {
            let change = place.changes.get(path);
            change.is_some_and(|change| change.makes_directory()) && !is_named(&place.root.join(path))
        };
        mine.extend(kept.into_iter().filter(|path| !is_above(path)).map(|path| place.root.join(path)));
    }
    mine
}

/// Nothing is kept and taken over.
pub(super) fn refuse_both(context: &Context, choice: &Choice, mine: &BTreeSet<PathBuf>) -> Result<(), CliError> {
    let Some(both) = mine.iter().find(|path| choice.takes(path)) else { return Ok(()) };
    let both = shown(&context.workspace, both);
    Err(CliError::new(format!("{both} cannot stay as it is and be taken over"))
        .why("what else was named needs it: both halves of a rename, or a directory and what is in it")
        .hint("name fewer paths at once"))
}

/// What stays as it is.
pub(super) fn tell_kept(context: &Context, mine: &BTreeSet<PathBuf>) {
    let Some(first) = mine.first() else { return };
    let stays = if mine.len() == 1 { shown(&context.workspace, first) } else { counted(mine.len()) };
    eprintln!("pinfold: kept as it is here: {stays}; --theirs PATH takes over what the run left after all");
}
