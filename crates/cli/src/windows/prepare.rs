//! From flags to a plan.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_acl::Sid;
use pinfold_confine::windows::{Ground, probe};
use pinfold_plan::windows::{self, Identity, Machine, Plan, Reach, native};
use pinfold_plan::{PlanError, Refusal};
use pinfold_policy::Policy;
use pinfold_setup::Setup;
use pinfold_survey::changes::Snapshot;

use super::accounts::setup;
use super::sight::{self, Sight};
use super::store::Store;
use super::{report, session, within};
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, output};

/// Oldest Windows that has the consoles and jobs that runs need: version 1809.
const OLDEST_BUILD: u32 = 17763;

/// A call with its policy and plan.
pub(super) struct Prepared {
    pub(super) context: Context,
    pub(super) policy: Policy,
    pub(super) store: Store,
    pub(super) sight: Sight,
    /// The identifiers that the plan is made with.
    pub(super) ground: Ground,
    pub(super) plan: Plan,
    /// What the plan's account is, where it is not the caller.
    pub(super) setup: Option<Setup>,
}

impl Prepared {
    /// The trees that the run could write to, each as it was. Its own home and temporary directory are none.
    pub(super) fn written_trees(&self) -> impl Iterator<Item = (PathBuf, &Snapshot)> {
        let private = [&self.plan.private_home, &self.plan.private_temp];
        let roots =
            self.plan.roots.iter().filter(move |root| root.reach == Reach::Work && !private.contains(&&root.path));
        let opened: Vec<String> = roots.map(|root| within::spelled_alike(Path::new(&root.path))).collect();
        self.sight.trees().filter(move |(tree, _)| {
            let tree = within::spelled_alike(tree);
            opened.iter().any(|root| within::is_below(root, &tree) || within::is_below(&tree, root))
        })
    }
}

/// Makes the plan for a call. No access list has been changed afterwards.
pub(super) fn prepare(flags: &PolicyFlags) -> Result<Prepared, CliError> {
    prepare_with_machine(flags).map(|(prepared, _)| prepared)
}

/// The same with the facts about the machine.
pub(super) fn prepare_with_machine(flags: &PolicyFlags) -> Result<(Prepared, Machine), CliError> {
    let context = Context::new(flags.workspace.as_deref())?;
    let merged = layers::in_force(&context, flags)?;
    output::withheld(&merged.withheld);
    output::notes(&merged.notes);
    let (policy, store) = (merged.policy, Store::open(&context)?);
    // First: what a killed run has left must not pass for something that was always there.
    report::quarantined(&policy, &session::settle(&store));
    let sight = sight::look(&policy, &store)?;
    let setup = setup()?;
    let machine = machine(setup.as_ref())?;
    let areas = windows::areas(&policy, sight.host(), &machine).map_err(|error| plan_error(&error))?;
    let group = machine.accounts.as_ref().map(|accounts| accounts.group.clone());
    let shared: Vec<Sid> = group.into_iter().chain([machine.user.clone()]).collect();
    let ground = Ground::take(&store.backend(), &areas, &shared).map_err(|error| CliError::from_error(&error))?;
    ground.notes.iter().for_each(|note| eprintln!("pinfold: note: {note}"));
    let machine = probe::complete(machine, &policy, sight.host(), &areas, &ground);
    let machine = machine.map_err(|error| CliError::from_error(&error))?;
    let plan = windows::build(&policy, sight.host(), &machine).map_err(|error| plan_error(&error))?;
    context.own().refuse_to_show(&policy)?;
    context.own().refuse_to_open(&policy, opened(&plan))?;
    let setup = setup.filter(|_| plan.identity != Identity::Caller);
    Ok((Prepared { context, policy, store, sight, ground, plan, setup }, machine))
}

fn machine(setup: Option<&Setup>) -> Result<Machine, CliError> {
    let machine = probe::look().map_err(|error| CliError::from_error(&error))?;
    if machine.build < OLDEST_BUILD {
        return Err(CliError::new("this Windows is too old").why(format!(
            "its build is {}, and runs need what came with {OLDEST_BUILD} (version 1809)",
            machine.build
        )));
    }
    // What was set up for somebody else has passwords that this user cannot open.
    let own = setup.filter(|setup| setup.owner == machine.user);
    let program = std::env::current_exe().ok().and_then(|program| super::real(&program).ok());
    Ok(Machine { accounts: own.map(Setup::accounts), program: program.map(|program| native(&program)), ..machine })
}

/// Refuses a plan with promises that nothing keeps, unless the user said otherwise.
pub(super) fn accept(plan: &Plan, best_effort: bool) -> Result<(), CliError> {
    let Some(refusal) = Refusal::of(&plan.assurance) else { return Ok(()) };
    if best_effort {
        let missing: Vec<_> = refusal.missing.iter().map(|missing| missing.promise.text()).collect();
        eprintln!("pinfold: not kept: {}", missing.join("; "));
        return Ok(());
    }
    let mut error = CliError::new(refusal.to_string());
    for missing in &refusal.missing {
        let note = missing.note.as_deref().unwrap_or("nothing keeps it");
        error = error.why(format!("not kept: {} ({note})", missing.promise.text()));
    }
    let remedies: BTreeSet<_> = refusal.missing.iter().filter_map(|missing| missing.remedy.clone()).collect();
    Err(remedies.into_iter().fold(error, CliError::hint).hint("or start without these promises: --best-effort"))
}

/// The places that are opened for writing, but for the run's own, which are among pinfold's files.
fn opened(plan: &Plan) -> impl Iterator<Item = &Path> {
    let made_here = [&plan.private_home, &plan.private_temp];
    let writable = plan.roots.iter().filter(move |root| root.reach == Reach::Work && !made_here.contains(&&root.path));
    writable.map(|root| Path::new(&root.path))
}

fn plan_error(error: &PlanError) -> CliError {
    let shown = CliError::from_error(error);
    match error {
        PlanError::Missing { grant, .. } => shown.rule(grant.origin.to_string()),
        PlanError::WithoutLists { .. } => {
            shown.hint("work on a volume with NTFS or ReFS: on FAT everybody may write everything")
        }
        PlanError::WorkspaceTooWide { .. } | PlanError::WorkspaceIsSystem { .. } => shown
            .why("everything in the workspace can be read and written by the command")
            .hint("change to the project's directory, or name one with --workspace DIR"),
        PlanError::NotStaged { origin, .. } => shown.rule(origin.to_string()),
        PlanError::LinkBeyondCeiling { .. } | PlanError::WithoutIdentifier { .. } | PlanError::Text(_) => shown,
    }
}
