//! `pinfold apply`: takes over what a stage would change, or some of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_ledger::event::{self, Act};
use pinfold_policy::{Policy, shell_word};
use pinfold_stage::{Change, Step, Wanted, plan_apply};

use super::asked::{agrees, may_ask};
use super::changes::{counted, digest, shown as shown_path};
use super::choice::Choice;
use super::git::{self, Git};
use super::guarded::{Guarded, guarded};
use super::hunks;
use super::ignored::Ignored;
use super::in_the_way::{in_the_way, not_applied};
use super::indexes::Indexes;
use super::merged::Merged;
use super::objects;
use super::opened::{Opened, Place, policy};
use super::recorded::{self, Recorded, listed};
use super::sides::{Sides, refuse_both, tell_kept};
use crate::args::ApplyArgs;
use crate::context::Context;
use crate::error::{CliError, with_causes};

/// How many paths are told one by one.
const TOLD: usize = 20;

pub(crate) fn apply(args: &ApplyArgs) -> Result<ExitCode, CliError> {
    let context = Context::new(args.place.workspace.as_deref())?;
    let (mut opened, paths) = Opened::of(&context, &args.stage_and_paths)?;
    let sides = Sides::of(&context, paths, args);
    opened.take_back(&sides.theirs)?;
    sides.refuse_unknown(&opened)?;
    refuse_other_digest(&opened, args.reviewed.as_deref())?;
    let policy = policy(&context)?;
    let guarded = guarded(&policy, &opened.places);
    let ignored = Ignored::of(&context, &opened.places)?;
    let left = if sides.has_others() { ignored.left(&sides.paths) } else { Ignored::default() };
    let with_ignored = args.ignored || left.is_empty() || !args.no_ignored && takes_ignored(&context, &left)?;
    let mine = sides.mine(&opened);
    let meant = |place: &Place, change: &Change| {
        let path = place.path(change);
        let is_left = !with_ignored && ignored.leaves(&sides.paths, &path);
        sides.mean(&path) && !mine.contains(&path) && (!is_left || sides.theirs.name(&path))
    };
    let agree = |path: &Path, why: &str| {
        let question = || format!("{}\n  {why}\ntake it over?", shown_path(&context.workspace, path));
        Ok(args.traps || may_ask() && agrees(&question())?)
    };
    let mut choice = Choice::of(&opened.places, meant, &guarded, agree)?;
    choice.prefer(|path| sides.theirs.name(path));
    refuse_both(&context, &choice, &mine)?;
    if args.hunks {
        // Of what would execute outside somebody has been asked already.
        let is_answered = |path: &Path| !args.traps && choice.was_agreed_to(path);
        let is_open = |path: &Path| choice.takes(path) && !is_answered(path);
        let offered = opened.changes().filter(|(place, change)| is_open(&place.path(change)));
        choice.keep(hunks::pick(&context, offered)?);
    }
    if args.reviewed.as_ref().is_some_and(String::is_empty) {
        refuse_unseen(&context, &opened, &choice)?;
    }
    let taken = take_over(&context, &policy, &mut opened, &guarded, choice, args.reviewed.as_deref())?;
    opened.drop_changes(&mine)?;
    tell_kept(&context, &mine);
    if mine.is_empty() || taken.is_something() {
        taken.tell(&context);
    }
    if !with_ignored {
        eprintln!("pinfold: left in the stage, as git ignores it: {}", left.summary(&context.workspace));
        eprintln!("pinfold: {} --ignored takes it over as well", opened.typed("apply"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether somebody wants what git ignores.
fn takes_ignored(context: &Context, left: &Ignored) -> Result<bool, CliError> {
    let question = || format!("git ignores {}\ntake that over as well?", left.summary(&context.workspace));
    Ok(may_ask() && agrees(&question())?)
}

/// What was taken over.
pub(super) struct TakenOver {
    stage: String,
    choice: Choice,
    count: usize,
    /// How much more of it git keeps for itself.
    of_git: usize,
}

impl TakenOver {
    pub(super) fn is_something(&self) -> bool {
        self.count > 0 || self.of_git > 0 || self.choice.holds_back()
    }

    /// Says so.
    pub(super) fn tell(&self, context: &Context) {
        self.choice.tell(context);
        let what = match (self.count, self.of_git) {
            (0, 0) => return eprintln!("pinfold: nothing was taken over"),
            (0, _) => "what git keeps for itself".to_owned(),
            (count, _) => counted(count),
        };
        eprintln!("pinfold: {what} taken over from the stage {}; pinfold undo takes it back", self.stage);
    }
}

/// Takes over what was chosen, all of it in each place or nothing.
pub(super) fn take_over(
    context: &Context,
    policy: &Policy,
    opened: &mut Opened,
    guarded: &Guarded,
    mut choice: Choice,
    reviewed: Option<&str>,
) -> Result<TakenOver, CliError> {
    let stage = opened.stage.name().to_owned();
    let git = Git::of(context);
    // Without a digest it is what was shown before.
    let reviewed = reviewed.map(|digest| if digest.is_empty() { "as shown" } else { digest }.to_owned());
    let event = event::Stage { reviewed, ..recorded::act(Act::Apply, &opened.stage) };
    let (mut all, mut besides) = (Vec::new(), Vec::new());
    for place in &mut opened.places {
        let aside = git::aside(&git, place, &stage, |path| choice.takes(path))?;
        objects::refuse_false(&git, place, |path| choice.takes(path))?;
        aside.settle(place)?;
        choice.leave(aside.left, aside.names.into_values().collect());
        besides.push(aside.steps);
    }
    for (place, beside) in opened.places.iter().zip(besides) {
        let pick = |change: &Change| choice.pick(&place.path(change));
        let mut steps = match plan_apply(&place.layers, &place.changes, &place.bases, pick) {
            Ok(steps) => steps,
            Err(conflicts) => {
                let error = in_the_way(context, opened, place, &conflicts);
                let paths: Vec<_> = conflicts.iter().map(|conflict| place.root.join(&conflict.path)).collect();
                let event = event::Stage { conflicts: listed(&paths), ..event };
                Recorded::begin(context, &context.workspace, policy, event)?.end(Some(error.to_string()));
                return Err(error);
            }
        };
        steps.extend(beside);
        all.push((place.root.clone(), steps));
    }
    refuse_unasked(context, &all, guarded, &choice)?;
    let quiet: BTreeSet<PathBuf> = opened
        .changes()
        .map(|(place, change)| (place.path(change), change))
        .filter(|(path, change)| git::quiet(path, change).is_some())
        .map(|(path, _)| path)
        .collect();
    let known: BTreeSet<PathBuf> = opened
        .changes()
        .filter(|(_, change)| change.before.is_some())
        .map(|(place, change)| place.path(change))
        .collect();
    let paths = all.iter().flat_map(|(root, steps)| steps.iter().map(|step| root.join(&step.path)));
    let (gits, others): (Vec<_>, Vec<_>) = paths.partition(|path| quiet.contains(path));
    if !gits.is_empty() || !others.is_empty() {
        let merged: Vec<Merged> =
            opened.places.iter().zip(&all).map(|(place, (_, steps))| Merged::of(place, steps, &choice)).collect();
        // What was merged is written down when that is done: until then what it was is still what it was.
        let about = merged.iter().zip(&all).map(|(merged, (_, steps))| {
            let others = steps.iter().filter(|step| !merged.has(&step.path));
            others.map(|step| step.path.clone()).collect()
        });
        let about: Vec<_> = about.collect();
        let traps = listed(choice.agreed());
        let event = event::Stage { traps, paths: listed(others.iter().chain(&gits)), ..event };
        let mut recorded = Recorded::begin(context, &context.workspace, policy, event)?;
        let session = recorded.session();
        opened.act(&about, |opened| {
            let mut stood = Ok(());
            let stages = opened.stages.clone();
            let applied = stages.apply(&stage, &all, session.as_deref(), &mut |applied, done| {
                stood = if done.is_ok() { opened.stand(&applied.name(), &merged) } else { Ok(()) };
                recorded.end(done.as_ref().err().map(|error| with_causes(error)));
                stood.is_ok()
            });
            applied.map_err(|error| not_applied(context, &error))?;
            stood
        })?;
        // Of repositories that were there before: git may be asked about them.
        let was_there = |path: &&PathBuf| known.contains(*path);
        Indexes::of(context).note(gits.iter().filter(was_there).map(PathBuf::as_path));
    }
    Ok(TakenOver { stage, choice, count: others.len(), of_git: gits.len() })
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

/// What was reviewed elsewhere is what is applied. A part of a digest would not do: whoever makes two stages that begin with
/// the same digits shows one and has the other applied.
fn refuse_other_digest(opened: &Opened, reviewed: Option<&str>) -> Result<(), CliError> {
    let Some(reviewed) = reviewed.filter(|reviewed| !reviewed.is_empty()) else { return Ok(()) };
    let now = digest(opened)?;
    if now == reviewed {
        return Ok(());
    }
    Err(CliError::new("the stage is not what was reviewed")
        .why(format!("its digest is {now}"))
        .hint("look again: pinfold changes --json prints the digest"))
}

/// What was shown is what is applied.
fn refuse_unseen(context: &Context, opened: &Opened, choice: &Choice) -> Result<(), CliError> {
    let mut unseen = Vec::new();
    for (place, change) in opened.changes().filter(|(place, change)| choice.takes(&place.path(change))) {
        let has = place.reviewed.has(&place.layers, change);
        if !has.map_err(|error| CliError::new("what was shown cannot be compared").why(error.to_string()))? {
            unseen.push(shown_path(&context.workspace, &place.path(change)));
        }
    }
    let Some(first) = unseen.first() else { return Ok(()) };
    let error = CliError::new("nothing was taken over: not all of it is what you have been shown");
    let error = unseen.iter().take(TOLD).fold(error, |error, path| error.why(path));
    let more = unseen.len().saturating_sub(TOLD);
    let error = if more > 0 { error.why(format!("and {more} more")) } else { error };
    let first = shell_word(first);
    Err(error.hint(format!("look again: {}, or at one: {} {first}", opened.typed("diff"), opened.typed("diff"))))
}
