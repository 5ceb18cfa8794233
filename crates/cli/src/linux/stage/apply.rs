//! `pinfold apply`: takes over what a stage would change, or some of it; and `pinfold undo`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use pinfold_stage::{ApplyError, Change, Changes, Conflict, Pick, Step, Wanted, What, plan_apply, transaction};

use super::changes::{counted, digest, shown as shown_path};
use super::git::{self, Git};
use super::guarded::{Guarded, guarded};
use super::hunks;
use super::opened::{Opened, Paths, Place, policy, stages};
use crate::args::{ApplyArgs, UndoArgs};
use crate::context::Context;
use crate::error::CliError;

/// How many conflicts are told one by one.
const TOLD: usize = 20;

pub(crate) fn apply(args: &ApplyArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (mut opened, paths) = Opened::of(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    refuse_others_than(&opened, args.reviewed.as_deref())?;
    let guarded = guarded(policy(&context)?, &opened.places)?;
    let mut choice = Choice::of(&context, &opened, &paths, &guarded, args)?;
    let stage = opened.stage.name().to_owned();
    let git = Git::of(&context);
    let mut all = Vec::new();
    for place in &mut opened.places {
        let aside = git::aside(&git, place, &stage, |path| choice.chosen.contains(path))?;
        choice.leave(aside.left, aside.names);
        let mut steps = steps(&context, place, &choice)?;
        steps.extend(aside.steps);
        all.push((place.root.clone(), steps));
    }
    refuse_unasked(&context, &all, &guarded, &choice)?;
    let quiet: BTreeSet<PathBuf> = opened
        .changes()
        .map(|(place, change)| (place.path(change), change))
        .filter(|(path, change)| git::quiet(path, change).is_some())
        .map(|(path, _)| path)
        .collect();
    let paths = all.iter().flat_map(|(root, steps)| steps.iter().map(|step| root.join(&step.path)));
    let (gits, others): (Vec<_>, Vec<_>) = paths.partition(|path| quiet.contains(path));
    if !gits.is_empty() || !others.is_empty() {
        let about: Vec<_> = all.iter().map(|(_, steps)| steps.iter().map(|step| step.path.clone()).collect()).collect();
        let done = opened.act(&about, |stages| stages.apply(&stage, &all))?;
        done.map_err(|error| not_applied(&context, &error))?;
    }
    choice.tell(&context, others.len(), gits.len());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn undo(args: &UndoArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let stages = stages(&context)?;
    let last = stages.last_applied().map_err(|error| CliError::from_error(&error))?;
    let last = last.ok_or_else(|| {
        CliError::new("there is nothing to undo").why("nothing was taken over here, or all of it was undone")
    })?;
    let name = last.stage();
    let mut opened = if stages.has(name) { Some(Opened::named(stages.clone(), name)?) } else { None };
    if opened.is_none() && !args.lose {
        return Err(CliError::new(format!("what was taken over from the stage {name} would be lost"))
            .why("that stage was discarded, so that the workspace alone has it")
            .hint("pinfold undo --lose"));
    }
    // What git refreshes whenever it looks says nothing that would be missed.
    let git = Git::of(&context);
    let accepts = |path: &Path| git.is_idle_index(path);
    let about = opened.iter().flat_map(|opened| &opened.places).map(|place| place.current(&accepts));
    let about = about.collect::<Result<Vec<_>, _>>()?;
    let done = match &mut opened {
        Some(opened) => opened.act(&about, |stages| last.undo(stages, &accepts))?,
        None => last.undo(&stages, &accepts),
    };
    done.map_err(|error| {
        not_applied(&context, &error)
            .hint("what you have changed since stays; commit it or move it away to undo all the same")
    })?;
    match opened {
        Some(_) => eprintln!("pinfold: undone: it waits in the stage {name} again"),
        None => eprintln!("pinfold: undone"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Whatever led there: nothing that would execute outside is taken over without a yes.
fn refuse_unasked(
    context: &Context,
    all: &[(PathBuf, Vec<Step>)],
    guarded: &Guarded,
    choice: &Choice,
) -> Result<(), CliError> {
    let steps = all.iter().flat_map(|(root, steps)| steps.iter().map(move |step| (root.join(&step.path), step)));
    let files = steps.filter(|(_, step)| !matches!(step.wanted, Wanted::Directory(_)));
    for (path, _) in files {
        if let Some(why) = guarded.why(&path).filter(|_| !choice.agreed.contains(&path)) {
            let path = shown_path(&context.workspace, &path);
            return Err(CliError::new(format!("nothing was taken over: {path} would come with it"))
                .why(why)
                .hint("name other paths, or take it over as well: --traps"));
        }
    }
    Ok(())
}

/// What was reviewed is what is applied.
fn refuse_others_than(opened: &Opened, reviewed: Option<&str>) -> Result<(), CliError> {
    let Some(reviewed) = reviewed else { return Ok(()) };
    let now = digest(opened)?;
    if now == reviewed {
        return Ok(());
    }
    Err(CliError::new("the stage is not what was reviewed")
        .why(format!("its digest is {now}"))
        .hint("look again: pinfold changes --json prints the digest"))
}

/// What is taken over, and what stays.
struct Choice {
    chosen: BTreeSet<PathBuf>,
    contents: BTreeMap<PathBuf, Arc<[u8]>>,
    /// Asked about, and nobody said yes.
    held_back: Vec<(PathBuf, String)>,
    /// Asked about, and somebody said yes.
    agreed: BTreeSet<PathBuf>,
    /// Branches that came beside those that have moved on.
    beside: Vec<String>,
}

impl Choice {
    fn of(
        context: &Context,
        opened: &Opened,
        paths: &Paths,
        guarded: &Guarded,
        args: &ApplyArgs,
    ) -> Result<Self, CliError> {
        let mut choice = Self {
            chosen: BTreeSet::new(),
            contents: BTreeMap::new(),
            held_back: Vec::new(),
            agreed: BTreeSet::new(),
            beside: Vec::new(),
        };
        let may_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        for place in &opened.places {
            let needed = place.changes.with_needed(|change| paths.mean(place, change));
            let mut refused = BTreeSet::new();
            for change in needed.iter().filter_map(|path| place.changes.get(path)) {
                let path = place.path(change);
                // A new directory comes with what is in it, or not at all.
                let Some(why) = guarded.why(&path).filter(|_| !is_new_directory(change)) else { continue };
                let shown = shown_path(&context.workspace, &path);
                if args.traps || may_ask && agrees(&format!("{shown}\n  {why}\ntake it over?"))? {
                    choice.agreed.insert(path);
                } else {
                    choice.held_back.push((path, why.to_owned()));
                    refused.insert(change.path.clone());
                }
            }
            let refused = with_what_hangs_on_it(&place.changes, &needed, refused);
            let chosen = needed.difference(&refused).filter(|path| {
                let change = place.changes.get(path);
                change.is_none_or(|change| !is_new_directory(change) || guarded.why(&place.path(change)).is_none())
            });
            choice.chosen.extend(chosen.map(|path| place.root.join(path)));
        }
        if args.hunks {
            let offered = opened.changes().filter(|(place, change)| choice.chosen.contains(&place.path(change)));
            let picked = hunks::pick(context, offered)?;
            choice.chosen.retain(|path| !picked.left.contains(path));
            choice.contents = picked.contents;
        }
        Ok(choice)
    }

    /// What git goes another way with.
    fn leave(&mut self, left: BTreeSet<PathBuf>, beside: Vec<String>) {
        self.chosen.retain(|path| !left.contains(path));
        self.beside.extend(beside);
    }

    fn pick(&self, path: &Path) -> Pick {
        match self.contents.get(path) {
            Some(content) => Pick::Content(content.clone()),
            // Under another name what somebody was asked about would be written without a question.
            None if self.agreed.contains(path) => Pick::Apart,
            None if self.chosen.contains(path) => Pick::Whole,
            None => Pick::Not,
        }
    }

    fn tell(&self, context: &Context, count: usize, of_git: usize) {
        for (path, why) in self.held_back.iter().take(TOLD) {
            eprintln!("pinfold: not taken over: {}: {why}", shown_path(&context.workspace, path));
        }
        if !self.held_back.is_empty() {
            let more = self.held_back.len().saturating_sub(TOLD);
            let more = if more > 0 { format!("{more} more; ") } else { String::new() };
            eprintln!("pinfold: {more}with --traps such files are taken over as well");
        }
        for name in &self.beside {
            eprintln!("pinfold: you have committed since: what the run committed is at {name} (git merge {name})");
        }
        match (count, of_git) {
            (0, 0) => eprintln!("pinfold: nothing was taken over"),
            (0, _) => eprintln!("pinfold: what git keeps for itself taken over; pinfold undo takes it back"),
            _ => eprintln!("pinfold: {} taken over; pinfold undo takes it back", counted(count)),
        }
    }
}

fn is_new_directory(change: &Change) -> bool {
    change.what == What::Created && change.makes_directory()
}

/// What cannot be taken over without what was refused: what lies in a directory that stays away or stays as it is, and the
/// removal of directories in which something stays.
fn with_what_hangs_on_it(
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

/// Asks at the terminal; silence is a no.
pub(super) fn agrees(question: &str) -> Result<bool, CliError> {
    let wrong = |error: std::io::Error| CliError::new("nobody could be asked").why(error.to_string());
    eprint!("{question} [y/N] ");
    std::io::stderr().flush().map_err(wrong)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(wrong)?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}

/// The steps in a place, or all that is in the way.
fn steps(context: &Context, place: &Place, choice: &Choice) -> Result<Vec<Step>, CliError> {
    let pick = |change: &Change| choice.pick(&place.path(change));
    let planned = plan_apply(&place.layers, &place.changes, &place.bases, pick);
    planned.map_err(|conflicts| in_the_way(context, place, &conflicts))
}

fn in_the_way(context: &Context, place: &Place, conflicts: &[Conflict]) -> CliError {
    let error = CliError::new("nothing was taken over: the workspace has changed since");
    let told = conflicts.iter().take(TOLD);
    let error = told.fold(error, |error, conflict| {
        let path = shown_path(&context.workspace, &place.root.join(&conflict.path));
        error.why(format!("{path}: {}", conflict.why))
    });
    let more = conflicts.len().saturating_sub(TOLD);
    let error = if more > 0 { error.why(format!("and {more} more")) } else { error };
    error.hint("take over other paths by name, or make room for these; pinfold diff PATH shows one")
}

fn not_applied(context: &Context, error: &ApplyError) -> CliError {
    let ApplyError::Place { path, source: transaction::Error::Conflicts(conflicts) } = error else {
        return CliError::from_error(error);
    };
    let error = CliError::new("nothing was changed: something else lies there by now");
    conflicts.iter().take(TOLD).fold(error, |error, conflict| {
        error.why(format!("{}: {}", shown_path(&context.workspace, &path.join(&conflict.path)), conflict.reason))
    })
}
