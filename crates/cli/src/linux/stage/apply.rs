//! `pinfold apply`: takes over what a stage would change, or some of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_stage::{Change, Step, Wanted, plan_apply};

use super::asked::{agrees, may_ask};
use super::changes::{counted, digest, shown as shown_path};
use super::choice::Choice;
use super::git::{self, Git};
use super::guarded::{Guarded, guarded};
use super::hunks;
use super::in_the_way::{in_the_way, not_applied};
use super::opened::{Opened, Paths, Place, policy};
use crate::args::ApplyArgs;
use crate::context::Context;
use crate::error::CliError;

pub(crate) fn apply(args: &ApplyArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (mut opened, paths) = Opened::of(&context, &args.stage_and_paths)?;
    let paths = Paths::of(&context, paths);
    paths.refuse_unknown(&opened)?;
    refuse_others_than(&opened, args.reviewed.as_deref())?;
    let guarded = guarded(policy(&context)?, &opened.places)?;
    let mut agree = |path: &Path, why: &str| {
        let question = || format!("{}\n  {why}\ntake it over?", shown_path(&context.workspace, path));
        Ok(args.traps || may_ask() && agrees(&question())?)
    };
    let mut choice = Choice::of(&opened, &guarded, |place, change| paths.mean(place, change), &mut agree)?;
    if args.hunks {
        let offered = opened.changes().filter(|(place, change)| choice.has(&place.path(change)));
        choice.narrow(hunks::pick(&context, offered)?);
    }
    let taken = take_over(&context, &mut opened, &guarded, &mut choice)?;
    choice.tell(&context);
    taken.tell();
    Ok(ExitCode::SUCCESS)
}

/// How much was taken over.
pub(super) struct Taken {
    /// What somebody would call a change.
    pub(super) changes: usize,
    /// What git keeps for itself.
    pub(super) of_git: usize,
}

impl Taken {
    /// One line.
    pub(super) fn tell(&self) {
        match (self.changes, self.of_git) {
            (0, 0) => eprintln!("pinfold: nothing was taken over"),
            (0, _) => eprintln!("pinfold: what git keeps for itself taken over; pinfold undo takes it back"),
            (changes, _) => eprintln!("pinfold: {} taken over; pinfold undo takes it back", counted(changes)),
        }
    }
}

/// Takes over what was chosen, all of it or nothing.
pub(super) fn take_over(
    context: &Context,
    opened: &mut Opened,
    guarded: &Guarded,
    choice: &mut Choice,
) -> Result<Taken, CliError> {
    let stage = opened.stage.name().to_owned();
    let git = Git::of(context);
    let mut all = Vec::new();
    for place in &mut opened.places {
        let aside = git::aside(&git, place, &stage, |path| choice.has(path))?;
        choice.leave(aside.left, aside.names);
        let mut steps = steps(context, place, choice)?;
        steps.extend(aside.steps);
        all.push((place.root.clone(), steps));
    }
    refuse_unasked(context, &all, guarded, choice)?;
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
        done.map_err(|error| not_applied(context, &error))?;
    }
    Ok(Taken { changes: others.len(), of_git: gits.len() })
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
        if let Some(why) = guarded.why(&path).filter(|_| !choice.was_agreed_to(&path)) {
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

/// The steps in a place, or all that is in the way.
fn steps(context: &Context, place: &Place, choice: &Choice) -> Result<Vec<Step>, CliError> {
    let pick = |change: &Change| choice.pick(&place.path(change));
    let planned = plan_apply(&place.layers, &place.changes, &place.bases, pick);
    planned.map_err(|conflicts| in_the_way(context, place, &conflicts))
}
