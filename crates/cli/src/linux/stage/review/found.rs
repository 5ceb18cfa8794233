//! What was found in a stage, and what becomes of what was chosen of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_stage::{Change, Stage, Stages, What, choose, limits};

use super::entry::Entry;
use super::listed::{self, Listed};
use super::page::Page;
use super::question::Question;
use super::view::View;
use crate::context::Context;
use crate::error::CliError;
use crate::linux::stage::apply::{TakenOver, take_over};
use crate::linux::stage::changes::{digest, shown};
use crate::linux::stage::choice::Choice;
use crate::linux::stage::git;
use crate::linux::stage::guarded::{Guarded, guarded};
use crate::linux::stage::hunks::Picked;
use crate::linux::stage::opened::{Opened, Paths, Place, changes_of, policy};
use crate::linux::stage::points::throw_away;
use crate::linux::stage::sides::{kept, refuse_both};

/// What was found in a stage. It is held no more: it is found out before anything is done whether it is still the same.
pub(super) struct Found {
    pub(super) stages: Stages,
    pub(super) name: String,
    pub(super) places: Arc<Vec<Place>>,
    pub(super) entries: Vec<Entry>,
    /// The names of the places.
    pub(super) roots: Vec<String>,
    /// Why there is more than could be listed.
    pub(super) exceeded: Option<String>,
    guarded: Guarded,
    /// Of what was shown; nothing while a run goes on in it.
    digest: Option<String>,
    mark: Mark,
}

/// By what one sees at once that a run has been in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    session: Option<String>,
    top: PathBuf,
    is_settled: bool,
}

impl Mark {
    /// Of a stage that is held.
    pub(super) fn of(stage: &Stage) -> Self {
        let session = stage.session().map(ToOwned::to_owned);
        Self { session, top: stage.top(), is_settled: stage.unsettled_since().is_none() }
    }
}

impl Found {
    /// Looks through a stage, and lets it go.
    pub(super) fn look(context: &Context, opened: Opened, paths: &Paths) -> Result<Self, CliError> {
        // What a run may change at any moment is nothing that somebody could have seen.
        let digest = if opened.in_use { None } else { Some(digest(&opened)?) };
        let guarded = guarded(&policy(context)?, &opened.places);
        let Listed { entries, roots } = listed::list(context, &opened, paths, &guarded)?;
        let exceeded = opened.places.iter().find_map(|place| place.changes.exceeded());
        let (name, mark) = (opened.stage.name().to_owned(), Mark::of(&opened.stage));
        Ok(Self {
            stages: opened.stages,
            name,
            places: Arc::new(opened.places),
            entries,
            roots,
            exceeded: exceeded.map(|exceeded| exceeded.to_string()),
            guarded,
            digest,
            mark,
        })
    }

    /// Whether a run goes on in it.
    pub(super) fn is_in_use(&self) -> bool {
        self.digest.is_none()
    }

    /// By what a run since is noticed.
    pub(super) fn mark(&self) -> Mark {
        self.mark.clone()
    }

    /// What is to be asked next before what was chosen is taken over; nothing where the answers leave nothing of it.
    pub(super) fn weigh(&self, context: &Context, page: &Page) -> Result<Option<Question>, CliError> {
        let mut open = None;
        let mut traps = 0;
        let mine = mine(&self.places, page);
        let paths = &page.paths() - &mine;
        let meant = |place: &Place, change: &Change| paths.contains(&place.path(change));
        let choice = Choice::of(&self.places, meant, &self.guarded, |path, why| {
            traps += 1;
            let answer = page.answers.get(path).copied();
            if answer.is_none() && open.is_none() {
                open = Some((path.to_owned(), why.to_owned(), traps));
            }
            Ok(answer == Some(true))
        })?;
        if let Some((path, why, number)) = open {
            let shown = shown(&context.workspace, &path);
            let shown = format!("{number} of {traps}: {shown} would execute outside: {why}. Take it over?");
            return Ok(Some(Question::Trap { path, shown }));
        }
        let parts: BTreeMap<&PathBuf, usize> = page.parts().map(|(path, _, hunks)| (path, hunks.len())).collect();
        let kept = many(mine.len(), "change", "changes");
        let shown = match (self.counted(&choice, &parts), mine.is_empty()) {
            (Some(counted), true) => Some(format!("Take over {counted}?")),
            (Some(counted), false) => Some(format!("Take over {counted}, and let {kept} of the run go?")),
            (None, false) => Some(format!("Keep what you have, and let {kept} of the run go?")),
            (None, true) => None,
        };
        Ok(shown.map(|shown| Question::TakeOver { shown }))
    }

    /// What is taken over, in words; nothing where nothing is.
    fn counted(&self, choice: &Choice, parts: &BTreeMap<&PathBuf, usize>) -> Option<String> {
        let (mut files, mut directories, mut hunks, mut cut, mut of_git) = (0, 0, 0, 0, 0);
        for (place, change) in changes_of(&self.places) {
            let path = place.path(change);
            let is_directory = [&change.before, &change.after].into_iter().flatten().all(|node| node.is_directory());
            match parts.get(&path) {
                _ if !choice.takes(&path) => {}
                Some(count) => (hunks, cut) = (hunks + count, cut + 1),
                None if git::own(&path, change).is_some() => of_git += 1,
                None if is_directory => directories += 1,
                None => files += 1,
            }
        }
        let hunks = (hunks > 0).then(|| format!("{} of {}", many(hunks, "hunk", "hunks"), many(cut, "file", "files")));
        let words = [
            (files > 0).then(|| many(files, "file", "files")),
            (directories > 0).then(|| many(directories, "directory", "directories")),
            hunks,
            (of_git > 0).then(|| format!("{} of git's own", many(of_git, "change", "changes"))),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let (last, others) = words.split_last()?;
        Some(if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) })
    }

    /// Takes over what was chosen, if the stage is what was shown; gives also where what the workspace has stays.
    pub(super) fn take_over(&self, context: &Context, page: &Page) -> Result<(TakenOver, BTreeSet<PathBuf>), CliError> {
        let mut opened = self.again()?;
        let policy = policy(context)?;
        let guarded = guarded(&policy, &opened.places);
        let mine = mine(&opened.places, page);
        let paths = &page.paths() - &mine;
        let agree = |path: &Path, _: &str| Ok(page.answers.get(path) == Some(&true));
        let meant = |place: &Place, change: &Change| paths.contains(&place.path(change));
        let mut choice = Choice::of(&opened.places, meant, &guarded, agree)?;
        let theirs = with_other_halves(&opened, page.theirs());
        self.refuse_changed(&opened, &theirs)?;
        choice.prefer(|path| theirs.contains(path));
        refuse_both(context, &choice, &mine)?;
        let parts = page.parts().map(|(path, view, hunks)| Ok((path.clone(), part(&opened, path, view, hunks)?)));
        choice.keep(Picked { contents: parts.collect::<Result<_, CliError>>()?, left: BTreeSet::new() });
        let taken = take_over(context, &policy, &mut opened, &guarded, choice, self.digest.as_deref())?;
        opened.drop_changes(&mine)?;
        Ok((taken, mine))
    }

    /// What goes for what the run left is what was there when somebody said so.
    fn refuse_changed(&self, opened: &Opened, theirs: &BTreeSet<PathBuf>) -> Result<(), CliError> {
        let shown: BTreeMap<PathBuf, &Change> =
            changes_of(&self.places).map(|(place, change)| (place.path(change), change)).collect();
        let identity = |change: &Change| change.before.as_ref().map(|node| node.identity);
        for (place, change) in opened.changes() {
            let path = place.path(change);
            if theirs.contains(&path) && shown.get(&path).map(|shown| identity(shown)) != Some(identity(change)) {
                return Err(not_as_shown(&path));
            }
        }
        Ok(())
    }

    /// Throws the stage away, if it is what was shown.
    pub(super) fn discard(&self, context: &Context) -> Result<(), CliError> {
        throw_away(context, self.again()?.stage)
    }

    /// The stage, held, if it is still what was shown.
    fn again(&self) -> Result<Opened, CliError> {
        let opened = Opened::named(self.stages.clone(), &self.name)?;
        if self.digest.as_ref() == Some(&digest(&opened)?) {
            return Ok(opened);
        }
        Err(CliError::new("nothing was changed: the stage is not what you have looked at")
            .why("something was written to it meanwhile, or what it is about was changed in the workspace")
            .hint("r looks again"))
    }
}

/// Where what the workspace has stays.
fn mine(places: &[Place], page: &Page) -> BTreeSet<PathBuf> {
    let mine = page.mine();
    if mine.is_empty() { mine } else { kept(places, |path| mine.contains(path)) }
}

/// What was renamed is gone where it was, whatever somebody has made of that.
fn with_other_halves(opened: &Opened, mut theirs: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    for (place, change) in opened.changes() {
        if let What::Renamed { from } = &change.what
            && theirs.contains(&place.path(change))
        {
            theirs.insert(place.root.join(from));
        }
    }
    theirs
}

/// What a file shall contain of which some hunks were chosen, if it still has those that were shown.
fn part(opened: &Opened, path: &Path, shown: Option<&View>, hunks: &BTreeSet<usize>) -> Result<Arc<[u8]>, CliError> {
    let changed = || not_as_shown(path);
    let (place, change) = opened.changes().find(|(place, change)| place.path(change) == *path).ok_or_else(changed)?;
    let wrong =
        |error: std::io::Error| CliError::new(format!("{} cannot be read", path.display())).why(error.to_string());
    let mut now = View::default();
    now.add(place.diffs(change).map_err(wrong)?);
    let parts = shown.map(|view| &view.parts).filter(|parts| **parts == now.parts).ok_or_else(changed)?;
    let old = place.real_text(&change.path, limits::DIFF_BYTES).map_err(wrong)?;
    Ok(choose(&old, parts, |number| hunks.contains(&number)).into())
}

fn not_as_shown(path: &Path) -> CliError {
    CliError::new("nothing was changed: a file is not what you have looked at")
        .why(format!("{} was changed in the workspace meanwhile", path.display()))
        .hint("r looks again")
}

fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
