//! Says what a run may be given while it goes on: what its policy would be with that as one more flag, and its plan.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_confine::linux::probe::{self, Stores, Tree};
use pinfold_plan::{LandlockAccess, Mount, Network, Plan, linux};
use pinfold_policy::{Access, Destination, Effect, Merged, Policy, Rules, Secret, SecretSource, decide};
use pinfold_run::control::Refusal;
use pinfold_run::{Granter, Memory, Session};

use super::paths::way;
use super::prepare::opened;
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::layers::Files;
use crate::platform::is_in;

/// The port that is meant where none is written.
const HTTPS: u16 = 443;

/// What is known of a run to say it.
pub(crate) struct Giving<'a> {
    pub(crate) context: &'a Context,
    pub(crate) files: &'a Files,
    pub(crate) policy: &'a Policy,
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
        let mut links = way(path);
        let real = links.pop().unwrap_or_default();
        if let Some(link) = links.iter().find(|link| self.is_the_runs(link)) {
            let why = format!("{} is a link, which a run could have made", link.display());
            return Err(Refusal::new(cannot(), why).hint("name the place itself, without links"));
        }
        match real.symlink_metadata() {
            Ok(found) if found.is_symlink() => Err(Refusal::new(cannot(), "too many links lead there")),
            Ok(_) => Ok(real),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Refusal::new(cannot(), "it does not exist").hint("make it first"))
            }
            Err(error) => Err(Refusal::new(cannot(), error.to_string())),
        }
    }

    fn may_place(&self, at: &Path, write: bool) -> Result<(), Refusal> {
        self.policy_with(at, write).map(drop)
    }

    fn place(&mut self, at: &Path, write: bool) -> Result<Plan, Refusal> {
        let cannot = cannot(at, write);
        let policy = self.policy_with(at, write)?;
        let alone = alone(&policy, at, write && at.is_dir());
        let failed = |why: String| Refusal::new(&cannot, why);
        let sight = probe::look(&alone, self.stores.clone(), &[], None).map_err(|error| failed(error.to_string()))?;
        let plan = linux::build(&alone, &sight.host).map_err(|error| failed(error.to_string()))?;
        if write {
            self.remember(&sight, &plan).map_err(|error| failed(error.to_string()))?;
            // What was there when it was granted first is what it is compared with.
            let known = |tree: &Tree| self.given.trees.iter().any(|known| known.root == tree.root);
            let new: Vec<Tree> = sight.trees.into_iter().filter(|tree| !known(tree)).collect();
            self.given.trees.extend(new);
        }
        self.given.mounts.extend(plan.mounts.iter().filter(|mount| mount.at().starts_with(at)).cloned());
        Ok(plan)
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
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !is_name || name == "BASH_ENV" {
            return Err(Refusal::new(cannot, "no shell could be told of a variable of this name"));
        }
        let is_secret = |secret: &&Secret| {
            secret.env.as_deref() == Some(name) || matches!(&secret.from, SecretSource::Env(from) if from == name)
        };
        if let Some(secret) = self.policy.secrets.iter().find(is_secret) {
            let why = format!("it is the secret `{}`, of which the run has a placeholder", secret.name);
            let rule = Some(secret.origin.to_string());
            return Err(Refusal { what: cannot, why: vec![why], rule, hints: Vec::new() });
        }
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
    /// The policy of the run with this place, where nothing says no.
    fn policy_with(&self, at: &Path, write: bool) -> Result<Policy, Refusal> {
        let cannot = cannot(at, write);
        self.refuse_what_it_has(&cannot, at)?;
        self.refuse_out_of_reach(&cannot, at, write)?;
        if self.context.own().secret().any(|kept| is_in(at, kept) || is_in(kept, at)) {
            let state = self.context.state().display();
            let why = format!("{state} is pinfold's own: records, and the key that signs them");
            return Err(Refusal::new(cannot, why));
        }
        let policy = self.with(|flags| if write { &mut flags.write } else { &mut flags.read }.push(at.into()));
        let policy = policy.map_err(|error| error.into_refusal())?.policy;
        refuse_what_rules_refuse(&cannot, &policy, at, write)?;
        if write {
            self.context.own().refuse_to_open(&policy, std::iter::once(at)).map_err(CliError::into_refusal)?;
        }
        Ok(policy)
    }

    /// The policy of the run with flags more.
    fn with(&self, more: impl FnOnce(&mut PolicyFlags)) -> Result<Merged, CliError> {
        let mut flags = self.flags.clone();
        more(&mut flags);
        self.files.with(self.context, &flags)
    }

    /// Whether a run of this user in this workspace could have made what lies there.
    fn is_the_runs(&self, path: &Path) -> bool {
        let given = self.given.trees.iter().map(|tree| &tree.root);
        opened(self.plan).chain(given).any(|place| path.starts_with(place) && path != place.as_path())
    }

    /// What the run has already lies in the place with protections and layers of its own, or around it.
    fn refuse_what_it_has(&self, cannot: &str, at: &Path) -> Result<(), Refusal> {
        let shown = self.plan.mounts.iter().filter_map(|mount| match mount {
            Mount::Bind { at, create: false, .. } | Mount::CopyOnWrite { at, .. } => Some(at),
            _ => None,
        });
        if let Some(inner) = shown.chain([&self.plan.workspace]).find(|inner| inner.starts_with(at)) {
            let why = format!("{} is in it, which the run has already", inner.display());
            return Err(Refusal::new(cannot, why).hint("grant what lies beside that, one by one"));
        }
        match opened(self.plan).find(|place| at.starts_with(place)) {
            Some(place) => Err(Refusal::new(
                cannot,
                format!("it lies in {}, of which the policy says what the run may do", place.display()),
            )
            .hint("end the run, and start it with another policy")),
            None => Ok(()),
        }
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
        // What lies where the run could write before may be its own doing.
        let is_new = |path: &PathBuf| !self.memory.roots.iter().any(|root| path.starts_with(root));
        let known: Vec<PathBuf> = git.chain(sight.host.protected.iter().cloned()).filter(is_new).collect();
        self.memory.known.extend(known);
        self.memory.roots.extend(sight.trees.iter().map(|tree| tree.root.clone()));
        self.memory.watch.extend(plan.watch.iter().cloned());
        self.session.remember(&self.memory).map_err(|error| CliError::from_error(&error))
    }
}

fn cannot(at: &Path, write: bool) -> String {
    format!("{} cannot be {}", at.display(), if write { "written" } else { "read" })
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
