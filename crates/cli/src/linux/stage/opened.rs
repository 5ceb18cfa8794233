//! A stage that is held, and what was written to each of its places.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pinfold_plan as plan;
use pinfold_policy::Policy;
use pinfold_run::Store;
use pinfold_stage::{
    Applied, ApplyError, Bases, Body, Change, Changes, Content, Dropped, FileDiff, Layers, Pick, Reviewed, Side, Stage,
    Stages, StoreError, Tree, Wanted, diffs, hunks, limits, plan_apply,
};

use super::git;
use super::recorded::recovered;
use super::settle::settle;
use super::staging::shown;
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::layers;

/// How often it is looked at something that somebody writes to, until it holds still, and how long is waited between.
const GLANCES_MAX: usize = 20;
const GLANCE_AGAIN: Duration = Duration::from_millis(10);
/// How much of a stage's name names it.
const BEGINNING: usize = 4;

/// A stage that is held, and what was written to each of its places.
pub(crate) struct Opened {
    pub(crate) stages: Stages,
    pub(crate) stage: Stage,
    pub(crate) places: Vec<Place>,
    /// Whether its user has named it.
    named: bool,
    /// Somebody uses it, and it can only be looked at: what is in it may have changed by now.
    pub(super) in_use: bool,
}

/// A place that runs wrote to: the workspace, or a git directory outside that belongs to it.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) layers: Layers,
    pub(crate) changes: Changes,
    pub(crate) bases: Bases,
    /// Changes that its user has decided against.
    pub(super) dropped: Dropped,
    /// Where those are that wait no more.
    pub(super) decided: Vec<PathBuf>,
    /// Changes that its user has seen.
    pub(super) reviewed: Reviewed,
}

/// All stages of the workspace that a call is in. What was interrupted there is finished first.
pub(crate) fn stages(context: &Context) -> Result<Stages, CliError> {
    let stages = Stages::new(Store::stages(context.state(), &context.workspace));
    recover(context, &context.workspace, &stages).map_err(|error| {
        CliError::from_error(&error)
            .why("pinfold was interrupted while it took something over, and cannot go on with it")
            .hint("nothing is lost: what was there before is kept; see to what is in the way and try again")
    })?;
    Ok(stages)
}

/// Finishes what was interrupted among the stages of a workspace.
pub(crate) fn recover(context: &Context, workspace: &Path, stages: &Stages) -> Result<(), ApplyError> {
    stages.arrive(workspace, &plan::Stage::name_of)?;
    stages.recover(&mut |applied, ended| {
        let caught_up = catch_up(stages, applied).map_err(|error| eprintln!("{error}"));
        caught_up.is_ok() && recovered(context, workspace, applied, ended)
    })
}

/// What the stage of something taken over or back knows is what it would know if nobody had been killed.
fn catch_up(stages: &Stages, applied: &Applied) -> Result<(), CliError> {
    if !stages.has(applied.stage()) {
        return Ok(());
    }
    let mut opened = Opened::named(stages.clone(), applied.stage())?;
    opened.remember_merged(applied)?;
    opened.begin_anew(applied)?;
    settle(&mut opened.stage).map(drop)
}

impl Opened {
    /// The stage of that name, or the one that was used last, with the arguments that are left. The first of them is a name
    /// if there is a stage of that name.
    pub(crate) fn of<'a>(context: &Context, arguments: &'a [OsString]) -> Result<(Self, &'a [OsString]), CliError> {
        Self::by(context, arguments, Self::named)
    }

    /// The same, also while a run goes on in it: for whoever only looks.
    pub(crate) fn seen<'a>(context: &Context, arguments: &'a [OsString]) -> Result<(Self, &'a [OsString]), CliError> {
        let seen = Self::by(context, arguments, |stages, name| {
            match stages.look_at(name) {
                Err(StoreError::InUse { .. }) => return Self::in_use(stages, name),
                // Who wants to run something waits meanwhile.
                Ok(stage) if stage.unsettled_since().is_none() => return Self::held(stages, stage),
                _ => {}
            }
            Self::named(stages, name)
        });
        seen.inspect(|(opened, _)| opened.tell_in_use())
    }

    /// The same for whoever takes note of what he has seen, or shows it by files in the stage.
    pub(crate) fn shown<'a>(context: &Context, arguments: &'a [OsString]) -> Result<(Self, &'a [OsString]), CliError> {
        Self::by(context, arguments, Self::shown_as_it_is).inspect(|(opened, _)| opened.tell_in_use())
    }

    /// The same for a page, which says itself that a run goes on in it.
    pub(crate) fn on_a_page<'a>(
        context: &Context,
        arguments: &'a [OsString],
    ) -> Result<(Self, &'a [OsString]), CliError> {
        Self::by(context, arguments, Self::shown_as_it_is)
    }

    /// The stage of that name, or what it has at the moment.
    pub(crate) fn shown_as_it_is(stages: Stages, name: &str) -> Result<Self, CliError> {
        match stages.open(name) {
            Err(StoreError::InUse { .. }) => Self::in_use(stages, name),
            opened => Self::held(stages, opened.map_err(|error| shown(&error))?),
        }
    }

    fn tell_in_use(&self) {
        if self.in_use {
            eprintln!("pinfold: the stage {} is in use: this is what it has at the moment", self.stage.name());
        }
    }

    fn by<'a>(
        context: &Context,
        arguments: &'a [OsString],
        open: impl Fn(Stages, &str) -> Result<Self, CliError>,
    ) -> Result<(Self, &'a [OsString]), CliError> {
        let stages = stages(context)?;
        if let Some((first, rest)) = arguments.split_first()
            && let Some(name) = named(context, &stages, first)?
        {
            return Ok((Self { named: true, ..open(stages, &name)? }, rest));
        }
        let last = stages.last().map_err(|error| shown(&error))?;
        let last = last.ok_or_else(|| no_stage(context))?;
        Ok((open(stages, &last)?, arguments))
    }

    fn in_use(stages: Stages, name: &str) -> Result<Self, CliError> {
        let stage = stages.see(name).map_err(|error| shown(&error))?;
        let places = stage.places().map(|place| Place::glance(&stage, place)).collect::<Result<_, _>>()?;
        Ok(Self { stages, stage, places, named: false, in_use: true })
    }

    /// The stage of that name.
    pub(crate) fn named(stages: Stages, name: &str) -> Result<Self, CliError> {
        let stage = stages.open(name).map_err(|error| shown(&error))?;
        Self::held(stages, stage)
    }

    fn held(stages: Stages, mut stage: Stage) -> Result<Self, CliError> {
        settle(&mut stage)?;
        let places = Self::look(&stage)?;
        Ok(Self { stages, stage, places, named: false, in_use: false })
    }

    /// What was written to each place of a stage.
    pub(super) fn look(stage: &Stage) -> Result<Vec<Place>, CliError> {
        stage.places().map(|place| Place::look(stage, place)).collect()
    }

    /// The same for whoever wants to know how much it is: renames are two changes each.
    pub(super) fn count(stage: &Stage) -> Result<Vec<Place>, CliError> {
        stage.places().map(|place| Place::of(stage, place, Changes::without_renames)).collect()
    }

    /// Changes the workspace. What lies afterwards at the paths that `about` names in each place is taken for what was there
    /// before the run, also if somebody is killed meanwhile: then the next one who opens the stage does it.
    pub(super) fn act(
        &mut self,
        about: &[BTreeSet<PathBuf>],
        act: impl FnOnce(&mut Self) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        // No run may have been here that nobody has settled: that was done when it was opened.
        self.stage.unsettle().map_err(|error| shown(&error))?;
        for (place, paths) in self.places.iter_mut().zip(about) {
            let forgotten = place.bases.forget(paths.iter().map(PathBuf::as_path));
            forgotten.map_err(|error| CliError::from_error(&error))?;
        }
        let done = act(self);
        settle(&mut self.stage)?;
        done
    }

    /// Where something has been taken back, of what had been merged the same is known as before; all else is to be settled as
    /// what lies there now.
    pub(super) fn begin_anew(&mut self, applied: &Applied) -> Result<(), CliError> {
        let wrong = |error| CliError::from_error(&error);
        for (root, paths) in applied.undone().map_err(|error| CliError::from_error(&error))? {
            let Some(place) = self.places.iter_mut().find(|place| place.root == root) else { continue };
            place.bases.reload().map_err(wrong)?;
            let known = place.bases.put_back(&applied.name()).map_err(wrong)?;
            let others: Vec<&Path> = paths
                .iter()
                .map(PathBuf::as_path)
                .filter(|path| !known.contains(*path) && !place.knows(path))
                .collect();
            if !others.is_empty() {
                self.stage.unsettle().map_err(|error| shown(&error))?;
                place.bases.forget(others).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// Of what has been taken over and was merged it is known for a later taking back what it was: all else is settled by now.
    fn remember_merged(&mut self, applied: &Applied) -> Result<(), CliError> {
        for (root, paths) in applied.changed().map_err(|error| CliError::from_error(&error))? {
            let Some(place) = self.places.iter_mut().find(|place| place.root == root) else { continue };
            let is_merged = |path: &PathBuf| place.bases.get(path).is_some() && !place.knows(path);
            let merged: Vec<PathBuf> = paths.into_iter().filter(is_merged).collect();
            let remembered = place.bases.remember(&applied.name(), merged.iter().map(PathBuf::as_path));
            remembered.map_err(|error| CliError::from_error(&error))?;
        }
        Ok(())
    }

    /// Changes that its user has decided against wait again.
    pub(super) fn take_back(&mut self, wanted: &Paths) -> Result<(), CliError> {
        for place in &mut self.places {
            if !place.decided.iter().any(|path| wanted.name(&place.root.join(path))) {
                continue;
            }
            let root = place.root.clone();
            let forgotten = place.dropped.forget(|path| wanted.name(&root.join(path)));
            forgotten.map_err(|error| CliError::from_error(&error))?;
            *place = Place::look(&self.stage, &root)?;
        }
        Ok(())
    }

    /// Its user has decided against some changes.
    pub(super) fn drop_changes(&mut self, dropped: &BTreeSet<PathBuf>) -> Result<(), CliError> {
        for place in self.places.iter_mut().filter(|_| !dropped.is_empty()) {
            let is_dropped = |change: &&Change| dropped.contains(&place.root.join(&change.path));
            let changes = place.changes.all().iter().filter(is_dropped);
            place.dropped.add(&place.layers, changes).map_err(|error| CliError::from_error(&error))?;
        }
        Ok(())
    }

    /// What to type for a command about the stage.
    pub(super) fn typed(&self, command: &str) -> String {
        if self.named { format!("pinfold {command} {}", self.stage.name()) } else { format!("pinfold {command}") }
    }

    /// All changes, each with its place.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (&Place, &Change)> {
        changes_of(&self.places)
    }
}

/// All changes of some places, each with its place.
pub(super) fn changes_of(places: &[Place]) -> impl Iterator<Item = (&Place, &Change)> {
    places.iter().flat_map(|place| place.changes.all().iter().map(move |change| (place, change)))
}

fn has_moved(bases: &Bases, change: &Change) -> bool {
    bases.get(&change.path).is_none_or(|was| !was.is(change.before.as_ref()))
}

/// The stage that an argument names: by its name, or by the beginning of one that no path has.
fn named(context: &Context, stages: &Stages, argument: &OsStr) -> Result<Option<String>, CliError> {
    let Some(text) = argument.to_str() else { return Ok(None) };
    if stages.has(text) {
        return Ok(Some(text.to_owned()));
    }
    if text.len() < BEGINNING || context.absolute(Path::new(text)).symlink_metadata().is_ok() {
        return Ok(None);
    }
    let mut names = stages.names().map_err(|error| shown(&error))?.into_iter().filter(|name| name.starts_with(text));
    Ok(names.next().filter(|_| names.next().is_none()))
}

/// The stage of that name, held. What files were that changed in it is written down.
pub(super) fn held(stages: &Stages, name: &str) -> Result<Stage, CliError> {
    let mut stage = stages.open(name).map_err(|error| shown(&error))?;
    settle(&mut stage)?;
    Ok(stage)
}

impl Place {
    fn look(stage: &Stage, root: &Path) -> Result<Self, CliError> {
        Self::of(stage, root, Changes::of)
    }

    /// What is there while somebody writes to it: tried again where something has gone between two looks. No file is read to
    /// find renames.
    fn glance(stage: &Stage, root: &Path) -> Result<Self, CliError> {
        let began = stage.unsettled_since();
        let try_once = || {
            let layers = layers_of(stage, root)?;
            let mut bases = bases(stage, root)?;
            let noted = began.map(|began| bases.glance(&layers, began)).transpose();
            noted.map_err(|error| CliError::from_error(&error))?;
            Self::with(stage, root, layers, bases, Changes::without_renames)
        };
        let mut tried = try_once();
        for _ in 0..GLANCES_MAX {
            if tried.is_ok() {
                break;
            }
            std::thread::sleep(GLANCE_AGAIN);
            tried = try_once();
        }
        tried.map_err(|error| error.hint("somebody writes to it all the time; try again"))
    }

    fn of(stage: &Stage, root: &Path, changes: impl Fn(&Layers) -> io::Result<Changes>) -> Result<Self, CliError> {
        Self::with(stage, root, layers_of(stage, root)?, bases(stage, root)?, changes)
    }

    fn with(
        stage: &Stage,
        root: &Path,
        layers: Layers,
        bases: Bases,
        changes: impl Fn(&Layers) -> io::Result<Changes>,
    ) -> Result<Self, CliError> {
        let read = |error: io::Error| {
            CliError::new(format!("what was written in the stage {} cannot be read", stage.name()))
                .why(error.to_string())
        };
        let mut changes = changes(&layers).map_err(read)?;
        bases.leave_out_others(&layers, &mut changes).map_err(read)?;
        git::leave_out_caches(root, &mut changes);
        git::leave_out_beside(stage.name(), root, &layers, &mut changes, |change| has_moved(&bases, change));
        let directory = stage.bases().join(plan::Stage::name_of(root));
        let dropped = Dropped::open(&directory).map_err(|error| CliError::from_error(&error))?;
        let reviewed = Reviewed::open(&directory).map_err(|error| CliError::from_error(&error))?;
        let decided = dropped.leave_out(&layers, &mut changes).map_err(read)?;
        Ok(Self { root: root.to_owned(), layers, changes, bases, dropped, decided, reviewed })
    }

    /// The paths at which lies what is remembered, and of those that `accepts` names all.
    pub(super) fn current(&self, accepts: &dyn Fn(&Path) -> bool) -> Result<BTreeSet<PathBuf>, CliError> {
        let accepts = |path: &Path| accepts(&self.root.join(path));
        self.bases.current(self.layers.real(), &accepts).map_err(|error| self.unreadable(&error))
    }

    /// Whether what lies at a path is what is known of it.
    fn knows(&self, path: &Path) -> bool {
        let now = self.layers.real().node(path).ok();
        self.bases.get(path).zip(now).is_some_and(|(was, now)| was.is(now.as_ref()))
    }

    /// Whether somebody has changed it since the run.
    pub(super) fn has_moved(&self, change: &Change) -> bool {
        has_moved(&self.bases, change)
    }

    /// What an ordinary file of the real tree contains, up to a limit: no link is followed, and nothing waited for.
    pub(super) fn real_text(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.layers.real().file(path)?.take(most + 1).read_to_end(&mut text)?;
        if text.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
    }

    /// Keeps what its user has been shown.
    pub(super) fn remember(&mut self) -> Result<(), CliError> {
        self.reviewed.save(&self.changes).map_err(|error| CliError::from_error(&error))
    }

    fn unreadable(&self, error: &io::Error) -> CliError {
        CliError::new(format!("{} cannot be read", self.root.display())).why(error.to_string())
    }

    /// What taking a change over would change: what has changed in the workspace since is merged into it, where that can be.
    pub(super) fn diffs(&self, change: &Change) -> io::Result<Vec<FileDiff>> {
        let pick = |other: &Change| if other.path == change.path { Pick::Whole } else { Pick::Not };
        let planned = self.has_moved(change).then(|| plan_apply(&self.layers, &self.changes, &self.bases, pick));
        // What conflicts is shown as the run left it.
        let Some(Ok(steps)) = planned else { return diffs(&self.layers, change) };
        let wanted = steps.into_iter().find(|step| step.path == change.path).map(|step| step.wanted);
        let Some(Wanted::File(content, meta)) = wanted else { return diffs(&self.layers, change) };
        let old = self.real_text(&change.path, limits::DIFF_BYTES)?;
        let new = match content {
            Content::Kept => old.clone(),
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::Of(..) | Content::Into(..) => return diffs(&self.layers, change),
        };
        let side = |mode| Some(Side { path: change.path.clone(), mode, is_link: false });
        let old_mode = change.before.as_ref().map_or(meta.mode, |node| node.mode);
        let body = if old == new { Body::Same } else { Body::Text(hunks(&old, &new)) };
        Ok(vec![FileDiff { old: side(old_mode), new: side(meta.mode), body }])
    }

    /// Where a change is.
    pub(crate) fn path(&self, change: &Change) -> PathBuf {
        self.root.join(&change.path)
    }
}

/// The policy in force for whoever takes something over.
pub(in crate::linux) fn policy(context: &Context) -> Result<Policy, CliError> {
    layers::in_force(context, &PolicyFlags::default()).map(|merged| merged.policy)
}

/// Where a stage has what was written to a place, the newest first. It has something of its own only where that exists.
pub(super) fn written_at(stage: &Stage, root: &Path) -> impl Iterator<Item = PathBuf> {
    let name = plan::Stage::name_of(root);
    std::iter::once(stage.top()).chain(stage.frozen()).map(move |layer| layer.join(&name).join("upper"))
}

pub(super) fn layers_of(stage: &Stage, root: &Path) -> Result<Layers, CliError> {
    let directories: Vec<PathBuf> = written_at(stage, root).filter(|layer| layer.exists()).collect();
    let open = |error: io::Error, path: &Path| {
        CliError::new(format!("{} cannot be opened", path.display())).why(error.to_string())
    };
    let trees = directories.iter().map(|layer| Tree::layer(layer).map(Arc::new).map_err(|error| open(error, layer)));
    let trees = trees.collect::<Result<Vec<_>, _>>()?;
    let real =
        Tree::open(root).map_err(|error| open(error, root).hint("is it a workspace that was moved or removed?"))?;
    Ok(Layers::new(trees, Arc::new(real)))
}

pub(super) fn bases(stage: &Stage, root: &Path) -> Result<Bases, CliError> {
    let directory = stage.bases().join(plan::Stage::name_of(root));
    Bases::open(&directory).map_err(|error| CliError::from_error(&error))
}

fn no_stage(context: &Context) -> CliError {
    CliError::new(format!("{} has no stage", context.workspace.display()))
        .why("nothing was run there with --staged, or all of it has been discarded")
        .hint("pinfold run --staged -- COMMAND")
}

/// Paths as the user means them, each with all that is below; all paths where there are none.
pub(crate) struct Paths(Vec<PathBuf>);

impl Paths {
    pub(crate) fn of(context: &Context, arguments: &[OsString]) -> Self {
        Self(arguments.iter().map(|path| context.absolute(Path::new::<OsStr>(path))).collect())
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is this path, or lies above it.
    pub(super) fn name(&self, path: &Path) -> bool {
        self.0.iter().any(|meant| path.starts_with(meant))
    }

    /// Whether a path is meant by one of them that is in a directory, or is it.
    pub(super) fn mean_inside(&self, directory: &Path, path: &Path) -> bool {
        self.0.iter().any(|meant| meant.starts_with(directory) && path.starts_with(meant))
    }

    /// Whether a path is meant.
    pub(super) fn mean_path(&self, path: &Path) -> bool {
        self.0.is_empty() || self.name(path)
    }

    /// Whether a change is meant. It may be below a path, and so may that be below a directory that was made or removed.
    pub(crate) fn mean(&self, place: &Place, change: &Change) -> bool {
        self.mean_path(&place.path(change))
    }

    /// Those that mean nothing.
    pub(crate) fn refuse_unknown(&self, opened: &Opened) -> Result<(), CliError> {
        let known = |meant: &&PathBuf| opened.changes().any(|(place, change)| place.path(change).starts_with(meant));
        match self.0.iter().find(|meant| !known(meant)) {
            Some(unknown) => Err(CliError::new(format!("nothing has changed at {}", unknown.display()))
                .why(format!("the stage {} says nothing about it", opened.stage.name()))
                .hint("pinfold changes lists what there is; pinfold stages lists other stages")),
            None => Ok(()),
        }
    }
}
