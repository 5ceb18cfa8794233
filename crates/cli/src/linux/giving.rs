//! Says what a run may be given while it goes on: what its policy would be with that as one more flag, and its plan.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_confine::linux::probe::{self, Stores, Tree};
use pinfold_plan::{LandlockAccess, Mount, Network, Plan, linux};
use pinfold_policy::{Access, Destination, Effect, Merged, Policy, Rules, decide};
use pinfold_run::control::Refusal;
use pinfold_run::{Granter, Memory, Place, Session};

use super::prepare::opened;
use super::real;
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::{layers, own};

/// The port that is meant where none is written.
const HTTPS: u16 = 443;

/// What is known of a run to say it.
pub(crate) struct Giving<'a> {
    pub(crate) context: &'a Context,
    pub(crate) flags: &'a PolicyFlags,
    pub(crate) stores: Stores,
    pub(crate) plan: &'a Plan,
    /// The run, and what must be remembered of it.
    pub(crate) session: Session,
    pub(crate) memory: Memory,
    /// What it was given, to look after at its end.
    pub(crate) given: Given,
}

/// What a run was given.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) trees: Vec<Tree>,
    pub(crate) mounts: Vec<Mount>,
}

impl Granter for Giving<'_> {
    fn meant(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let cannot = || format!("{} cannot be granted", path.display());
        let real = real(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::new(cannot(), "it does not exist").hint("make it first"),
            _ => Refusal::new(cannot(), error.to_string()),
        })?;
        let writable = opened(self.plan).chain(self.given.trees.iter().map(|tree| &tree.root));
        let writable: Vec<&PathBuf> = writable.collect();
        let is_the_runs = |link: &Path| writable.iter().any(|place| link.starts_with(place) && link != place.as_path());
        match path.ancestors().find(|at| at.is_symlink() && is_the_runs(at)) {
            Some(link) => Err(Refusal::new(
                cannot(),
                format!("{} is a link, which the run itself could have made", link.display()),
            )
            .hint(format!("if you mean where it leads, say so: {}", real.display()))),
            None => Ok(real),
        }
    }

    fn place(&mut self, at: &Path, write: bool) -> Result<Place, Refusal> {
        let cannot = format!("{} cannot be {}", at.display(), if write { "written" } else { "read" });
        let at = at.to_owned();
        let directory = at.is_dir();
        self.refuse_out_of_reach(&cannot, &at, write)?;
        let policy = self.with(|flags| if write { &mut flags.write } else { &mut flags.read }.push(at.clone().into()));
        let policy = policy.map_err(|error| error.into_refusal())?.policy;
        let alone = alone(&policy, &at, write && directory);
        refuse_what_rules_refuse(&cannot, &policy, &at, write)?;
        if write {
            let opened = std::iter::once(at.as_path());
            own::refuse_to_open(self.context, &policy, opened).map_err(CliError::into_refusal)?;
        }
        let failed = |why: String| Refusal::new(&cannot, why);
        let sight = probe::look(&alone, self.stores.clone(), &[], None).map_err(|error| failed(error.to_string()))?;
        let plan = linux::build(&alone, &sight.host).map_err(|error| failed(error.to_string()))?;
        if write {
            self.remember(&sight, &plan).map_err(|error| failed(error.to_string()))?;
            self.given.trees.extend(sight.trees);
        }
        self.given.mounts.extend(plan.mounts.iter().filter(|mount| mount.at().starts_with(&at)).cloned());
        Ok(Place { plan, at, directory })
    }

    fn rules(&mut self, hosts: &[&str]) -> Result<Rules, Refusal> {
        let last = hosts.last().copied().unwrap_or_default();
        let cannot = format!("{last} cannot be reached");
        if !matches!(self.plan.network, Network::Gate(_)) {
            let why = match self.plan.network {
                Network::Host => "the network of this run is the host's, and nothing is kept from it",
                _ => "the network of this run is off, and was made without a way out",
            };
            return Err(Refusal::new(cannot, why).hint("start runs with --network rules, and hosts can be granted"));
        }
        let merged = self.with(|flags| flags.allow_host.extend(hosts.iter().map(|host| (*host).to_owned())));
        let rules = Rules::new(&merged.map_err(|error| error.into_refusal())?.policy);
        if let Ok(to) = Destination::parse(last, HTTPS)
            && let ruling = rules.connect(&to)
            && !ruling.allowed()
        {
            let rule = ruling.rule.map(|rule| rule.to_string());
            let hints = rules.smallest_change(&to).into_iter().collect();
            return Err(Refusal { what: cannot, why: vec![ruling.reason], rule, hints });
        }
        Ok(rules)
    }

    fn variable(&mut self, name: &str) -> Result<(), Refusal> {
        let cannot = format!("{name} cannot come in");
        if self.context.has_variable("BASH_ENV") {
            return Err(Refusal::new(cannot, "BASH_ENV is set already, and would have to be another file")
                .hint("start pinfold without BASH_ENV"));
        }
        let merged = self.with(|flags| flags.env.push(format!("{name}=")));
        let policy = merged.map_err(|error| error.into_refusal())?.policy;
        let verdict = policy.env.verdict(name.as_ref());
        match verdict.allowed {
            true => Ok(()),
            false => Err(CliError::new(cannot).verdict(verdict).into_refusal()),
        }
    }
}

impl Giving<'_> {
    /// The policy of the run with flags more.
    fn with(&self, more: impl FnOnce(&mut PolicyFlags)) -> Result<Merged, CliError> {
        let mut flags = self.flags.clone();
        more(&mut flags);
        layers::in_force(self.context, &flags)
    }

    /// Landlock's rules cannot be widened once they are in force.
    fn refuse_out_of_reach(&self, cannot: &str, at: &Path, write: bool) -> Result<(), Refusal> {
        let access = if write { LandlockAccess::Write } else { LandlockAccess::Read };
        if self.plan.landlock.admits(at, access) {
            return Ok(());
        }
        let flag = if write { "--write" } else { "--read" };
        Err(Refusal::new(
            cannot,
            "Landlock's rules for this run, which are for its whole life, let nothing there be reached",
        )
        .hint(format!("start the run with {flag} {}", at.display())))
    }

    /// Writes down what must be looked after, should nobody live to see the end of the run.
    fn remember(&mut self, sight: &probe::Sight, plan: &Plan) -> Result<(), CliError> {
        let git = sight.host.git.iter().map(|git| git.path.clone());
        self.memory.known.extend(git.chain(sight.host.protected.iter().cloned()));
        self.memory.roots.extend(sight.trees.iter().map(|tree| tree.root.clone()));
        self.memory.watch.extend(plan.watch.iter().cloned());
        self.session.remember(&self.memory).map_err(|error| CliError::from_error(&error))
    }
}

/// The policy of a run that has this place only, with all that narrows it. A directory that is written is protected as a
/// workspace is.
fn alone(policy: &Policy, at: &Path, as_workspace: bool) -> Policy {
    let mut alone = policy.clone();
    let places = policy.places.clone();
    for grants in [&mut alone.read, &mut alone.write, &mut alone.copy_on_write] {
        grants.retain(|grant| grant.target.host_path(&places).is_some_and(|path| path.starts_with(at)));
    }
    alone.stage.value = false;
    if as_workspace {
        alone.places.workspace = at.to_owned();
    }
    alone
}

/// A grant is one rule more, and does not outdo those that say no.
fn refuse_what_rules_refuse(cannot: &str, policy: &Policy, at: &Path, write: bool) -> Result<(), Refusal> {
    let verdict = decide(policy, if write { Access::Write } else { Access::Read }, at);
    if verdict.allowed && verdict.effect != Effect::Private {
        return Ok(());
    }
    Err(CliError::new(cannot).verdict(verdict).into_refusal())
}
