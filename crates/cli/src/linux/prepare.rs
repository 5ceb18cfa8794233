//! From arguments to a plan, with everything that a run of it needs.

use std::path::{Path, PathBuf};

use pinfold_confine::linux::Ground;
use pinfold_confine::linux::probe::{self, Names, Stores, Tree};
use pinfold_plan::{Backend, LandlockAccess, Mode, Mount, Plan, PlanError, linux};
use pinfold_policy::{NetworkMode, Policy, shell_word};
use pinfold_run::{Memory, REBASE, Session, Store, WorkspaceStore};
use pinfold_stage::{Stage, Stages};
use pinfold_survey::changes::Snapshot;

use super::doctor::repair;
use super::giving::{Given, Giving};
use super::stage::{self, Staging};
use super::undo;
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::layers::Files;
use crate::output;

/// A plan and what it was made from.
pub(crate) struct Prepared {
    pub(crate) context: Context,
    /// The policy files as they were when the run began.
    files: Files,
    pub(crate) policy: Policy,
    pub(crate) plan: Plan,
    pub(crate) trees: Vec<Tree>,
    /// Names that are protected in every directory.
    pub(crate) names: Names,
    /// Git directories that existed.
    pub(crate) git_directories: Vec<PathBuf>,
    /// Protected names that existed.
    protected: Vec<PathBuf>,
    pub(crate) store: Store,
    /// What takes what is written to the workspace, where that waits.
    pub(crate) stage: Option<Stage>,
    /// Holds the layers over the package caches as long as the run lives.
    workspace: WorkspaceStore,
}

impl Prepared {
    /// What is staged stays as it is: whatever changes or appears there meanwhile is somebody else's doing.
    fn leave_out_staged(&mut self) {
        let policy = &self.policy;
        if policy.stage.value {
            self.trees.retain(|tree| !policy.stages(&tree.root));
            self.git_directories.clear();
            self.protected.clear();
        }
    }

    /// All stages of the workspace.
    pub(crate) fn stages(&self) -> Stages {
        Stages::new(Store::stages(self.context.state(), &self.context.workspace))
    }

    /// The places whose changes wait in a stage.
    pub(crate) fn staged_places(&self) -> Vec<PathBuf> {
        let Some(stage) = &self.stage else { return Vec::new() };
        let top = stage.top();
        let staged = |mount: &Mount| match mount {
            Mount::CopyOnWrite { source, store, .. } if store.starts_with(&top) => Some(source.clone()),
            _ => None,
        };
        self.plan.mounts.iter().filter_map(staged).collect()
    }

    /// The places in which it is kept what the run changes: the workspace, and git directories outside that belong to it.
    pub(crate) fn kept_places(&self) -> Vec<PathBuf> {
        let written = |path: &PathBuf| opened(&self.plan).any(|open| path.starts_with(open) || open.starts_with(path));
        let outside = self.outside().into_iter().filter(written);
        std::iter::once(self.plan.workspace.clone()).chain(outside).collect()
    }

    /// What must be remembered to settle the run, should nobody live to see its end.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            workspace: self.plan.workspace.clone(),
            watch: self.plan.watch.clone(),
            names: self.names.clone(),
            roots: self.trees.iter().map(|tree| tree.root.clone()).collect(),
            rebasing: self.git_directories.iter().filter(|path| path.join(REBASE).exists()).cloned().collect(),
            outside: self.outside(),
            known: self.git_directories.iter().chain(&self.protected).cloned().collect(),
        }
    }

    /// The trees that the run could write to, each as it was.
    pub(crate) fn written_trees(&self) -> impl Iterator<Item = (PathBuf, &Snapshot)> {
        let writable = |root: &Path| opened(&self.plan).any(|path| path.starts_with(root) || root.starts_with(path));
        let trees = self.trees.iter().filter(move |tree| writable(&tree.root));
        trees.map(|tree| (tree.root.clone(), &tree.snapshot))
    }

    /// Says what may be given to the run while it goes on.
    pub(crate) fn giving<'a>(&'a self, flags: &'a PolicyFlags, session: Session, memory: Memory) -> Giving<'a> {
        Giving {
            context: &self.context,
            files: &self.files,
            policy: &self.policy,
            flags,
            stores: stores(&self.context, &self.workspace),
            plan: &self.plan,
            session,
            memory,
            given: Given::default(),
        }
    }

    /// From now on what the run was given is looked after as what it had from the beginning.
    pub(crate) fn was_given(&mut self, given: Given) {
        self.trees.extend(given.trees);
        self.plan.mounts.extend(given.mounts);
    }

    /// Leaves nothing of the mounts in the private home but the place of the workspace, which every run is shown.
    pub(crate) fn tidy_home(&self) {
        let lies_on_a_mount = |mount: &&Mount| {
            matches!(mount, Mount::Pin { .. } | Mount::Seal { .. } | Mount::Hide { .. } | Mount::Mask { .. })
        };
        let others = self.plan.mounts.iter().filter(|mount| *mount.at() != *self.plan.workspace);
        let mounts = others.filter(|mount| !lies_on_a_mount(mount));
        self.workspace.tidy(mounts.filter_map(|mount| mount.at().strip_prefix(&self.plan.home).ok()));
    }

    /// Git directories that are not below what was looked through, each with all below it.
    fn outside(&self) -> Vec<PathBuf> {
        let in_a_tree = |path: &&PathBuf| self.trees.iter().any(|tree| path.starts_with(&tree.root));
        let mut outside: Vec<PathBuf> = self.git_directories.iter().filter(|path| !in_a_tree(path)).cloned().collect();
        outside.sort();
        outside.dedup_by(|inner, outer| inner.starts_with(&*outer));
        outside
    }
}

/// A call and the policy in force for it.
pub(crate) struct Call {
    pub(crate) context: Context,
    /// The policy files as they were.
    files: Files,
    pub(crate) policy: Policy,
    /// Why user namespaces cannot be made here, if so and as far as it has been looked at.
    pub(crate) no_user_namespaces: Option<String>,
    /// Which stage it would be.
    pub(crate) staging: Staging,
}

impl Call {
    /// Reads the policy.
    pub(crate) fn new(flags: &PolicyFlags) -> Result<Self, CliError> {
        let context = Context::new(flags.workspace.as_deref())?;
        let files = Files::read(&context, flags)?;
        let merged = files.with(&context, flags)?;
        output::withheld(&merged.withheld);
        output::notes(&merged.notes);
        Ok(Self { context, files, policy: merged.policy, no_user_namespaces: None, staging: Staging::default() })
    }

    /// What is known of its plan already.
    pub(crate) fn ground(&self) -> Ground {
        let backend = linux::backend(self.no_user_namespaces.as_deref());
        Ground {
            backend,
            network: linux::network(&self.policy, backend, true),
            identity: linux::early_identity(probe::caller()),
            mounts: linux::early(&self.policy),
            temp_bytes: self.policy.limits.temp.value,
            publishes: !self.policy.network.publish.is_empty(),
        }
    }

    /// Makes the plan. `redirects` tells, where it matters, whether connections can be redirected to a gate.
    pub(crate) fn plan(self, redirects: impl FnOnce() -> Result<bool, CliError>) -> Result<Prepared, CliError> {
        let Self { context, files, policy, no_user_namespaces, staging } = self;
        let store = Store::open(context.state().to_owned()).map_err(|error| {
            CliError::from_error(&error)
                .hint("pinfold keeps private homes there; set XDG_STATE_HOME to a directory you can write")
        })?;
        // First: what a killed run has left must not pass for something that was always there.
        repair(&store)?;
        undo::settle(&context)?;
        let workspace = store.workspace(&context.workspace).map_err(|error| CliError::from_error(&error))?;
        let sight = probe::look(&policy, stores(&context, &workspace), &context.spelled, no_user_namespaces);
        let mut sight = sight.map_err(|error| CliError::from_error(&error))?;
        output::unmaskable(&sight.host.unmaskable);
        if policy.network.mode == NetworkMode::Rules && sight.host.no_user_namespaces.is_none() {
            sight.host.redirects = redirects()?;
        }
        let (stage, place) = staging.take(&policy, &stage::stages(&context)?)?;
        sight.host.stage = place;
        let plan = linux::build(&policy, &sight.host).map_err(plan_error)?;
        context.own().refuse_to_show(&policy)?;
        refuse_unhidden(&plan, context.own().secret())?;
        context.own().refuse_to_open(&policy, opened(&plan).map(PathBuf::as_path))?;
        let in_home = plan.mounts.iter().filter_map(|mount| mount.at().strip_prefix(&plan.home).ok());
        workspace.keep_usable(in_home).map_err(|error| CliError::from_error(&error))?;
        let git_directories = sight.host.git.into_iter().map(|git| git.path).collect();
        let (names, protected) = (Names::of(&policy), sight.host.protected);
        let mut prepared = Prepared {
            context,
            files,
            policy,
            plan,
            trees: sight.trees,
            names,
            git_directories,
            protected,
            store,
            stage,
            workspace,
        };
        prepared.leave_out_staged();
        Ok(prepared)
    }
}

/// Where a run of the workspace keeps what lasts.
fn stores(context: &Context, workspace: &WorkspaceStore) -> Stores {
    Stores {
        home: workspace.home(),
        layers: workspace.layers().to_owned(),
        temp: workspace.temp(),
        trust: workspace.trust(),
        own: context.own().secret().cloned().collect(),
    }
}

/// Makes the plan for a call.
pub(crate) fn prepare(flags: &PolicyFlags) -> Result<Prepared, CliError> {
    let mut call = Call::new(flags)?;
    call.no_user_namespaces = probe::no_user_namespaces();
    call.plan(|| Ok(probe::can_redirect().unwrap_or(false)))
}

/// The places outside of the private home that are opened for writing.
pub(super) fn opened(plan: &Plan) -> impl Iterator<Item = &PathBuf> {
    let writable = plan.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { source, mode: Mode::Writable, create: false, .. } => Some(source),
        _ => None,
    });
    writable.chain([&plan.workspace])
}

/// Where nothing lies over it, what pinfold keeps can be read wherever the run may read around it.
fn refuse_unhidden<'a>(plan: &Plan, mut kept: impl Iterator<Item = &'a PathBuf>) -> Result<(), CliError> {
    match kept.find(|kept| kept.exists() && plan.landlock.admits(kept, LandlockAccess::Read)) {
        Some(kept) if plan.backend == Backend::LinuxLandlock => Err(CliError::new(format!(
            "{} would be readable inside",
            kept.display()
        ))
        .why("it is pinfold's own, and without user namespaces nothing can be hidden in a place that may be read")
        .hint("name what the command needs to read one by one, and nothing around that")),
        _ => Ok(()),
    }
}

fn plan_error(error: PlanError) -> CliError {
    let shown = CliError::from_error(&error);
    match &error {
        PlanError::Missing { path, grant } => {
            let shown = shown.rule(grant.origin.to_string());
            let make = || format!("make it first: mkdir -p {}", shell_word(&path.to_string_lossy()));
            if grant.origin.key == "files.write" { shown.hint(make()) } else { shown }
        }
        PlanError::WorkspaceTooWide { .. } | PlanError::WorkspaceIsSystem { .. } => shown
            .why("everything in the workspace can be read and written by the command")
            .hint("change to the project's directory, or name one with --workspace DIR"),
        PlanError::WithoutLists { .. } => {
            shown.hint("work on a volume with NTFS or ReFS: on FAT everybody may write everything")
        }
        PlanError::NotStaged { origin, .. } => shown.rule(origin.to_string()),
        PlanError::LinkBeyondCeiling { .. } | PlanError::WithoutIdentifier { .. } | PlanError::Text(_) => shown,
    }
}
