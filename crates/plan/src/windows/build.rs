//! Policy, host and machine to a plan.

use std::path::Path;

use pinfold_acl::Sid;
use pinfold_policy::{AreaKind, NetworkMode, Policy};

use super::entries::{Reach, Root, edits};
use super::{Desktop, Identity, Job, Machine, Mitigation, Network, Plan, Token, kept};
use crate::protect::{Hold, Protection, protect};
use crate::sites::{Outside, Site, covering, refuse_wide_workspace, sites};
use crate::{Host, Limits, Mode, PlanError};

/// The set of what everybody on the machine may read anyway.
const SYSTEM: &str = "@system";

/// Resolves a policy for a machine.
///
/// # Errors
/// When a path that a person named does not exist, the workspace is too wide, an identifier is missing in
/// [`Machine::identifiers`] or what may be written lies where no access list is kept.
pub fn build(policy: &Policy, host: &Host, machine: &Machine) -> Result<Plan, PlanError> {
    refuse_wide_workspace(policy)?;
    let identity = identity(policy, machine);
    let grounds = Grounds::new(policy, host, identity)?;
    let protection = protect(policy, host, &grounds.sites, &grounds.outside);
    let roots = grounds.roots(&Seen { host, machine, protection: &protection })?;
    let identifiers: Vec<Sid> = unique(roots.iter().map(|root| root.sid.clone()));
    let group = machine.accounts.as_ref().map(|accounts| &accounts.group).filter(|_| identity != Identity::Caller);
    let mut plan = Plan {
        format: Plan::FORMAT,
        identity,
        profile: policy.profile.clone(),
        workspace: native(&policy.places.workspace),
        home: native(&policy.places.home),
        private_home: native(&host.private_home),
        private_temp: native(&host.private_temp),
        network: network(policy, machine, identity),
        token: token(machine, identity, &identifiers),
        edits: roots.iter().flat_map(|root| edits(root, group)).collect(),
        pins: protection.held.iter().map(|(path, _)| native(path)).collect(),
        roots,
        job: Job::new(&Limits::of(policy)),
        desktop: Desktop::Private,
        mitigations: Mitigation::ALL.to_vec(),
        limits: Limits::of(policy),
        watch: protection.watch,
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// The paths that a plan for this policy needs identifiers for, as [`Machine::identifiers`] names them.
///
/// # Errors
/// As [`build`].
pub fn areas(policy: &Policy, host: &Host, machine: &Machine) -> Result<Vec<String>, PlanError> {
    let grounds = Grounds::new(policy, host, identity(policy, machine))?;
    Ok(grounds.places(host).into_iter().map(|(path, _)| path).collect())
}

/// A path as Windows writes it.
pub fn native(path: &Path) -> String {
    path.to_string_lossy().replace('/', r"\")
}

/// Accounts are better than the caller, and there are two of them.
fn identity(policy: &Policy, machine: &Machine) -> Identity {
    match (&machine.accounts, policy.network.mode) {
        (None, _) => Identity::Caller,
        (Some(_), NetworkMode::Full) => Identity::Online,
        (Some(_), NetworkMode::Off | NetworkMode::Rules) => Identity::Offline,
    }
}

fn network(policy: &Policy, machine: &Machine, identity: Identity) -> Network {
    let port = machine.accounts.as_ref().and_then(|accounts| accounts.gate_port);
    match (identity, policy.network.mode, port) {
        (Identity::Caller | Identity::Online, ..) => Network::Host,
        (Identity::Offline, NetworkMode::Rules, Some(port)) => Network::Gate { port },
        (Identity::Offline, ..) => Network::None,
    }
}

fn token(machine: &Machine, identity: Identity, identifiers: &[Sid]) -> Token {
    match (&machine.accounts, identity) {
        (Some(accounts), Identity::Offline) => Token::of_account(&accounts.offline, identifiers),
        (Some(accounts), Identity::Online) => Token::of_account(&accounts.online, identifiers),
        _ => Token::of_the_caller(machine, identifiers),
    }
}

/// Where the policy lets a command in, as it is on this machine.
struct Grounds<'a> {
    sites: Vec<Site>,
    outside: Outside<'a>,
    /// The caller reads what the caller reads, but an account has to be let in.
    needs_leave_to_look: bool,
}

impl<'a> Grounds<'a> {
    fn new(policy: &'a Policy, host: &'a Host, identity: Identity) -> Result<Self, PlanError> {
        let sites = sites(policy, host)?;
        let outside = Outside::new(policy, host, &sites);
        Ok(Self { sites, outside, needs_leave_to_look: identity != Identity::Caller })
    }

    /// The paths that need an identifier, in the order of the map.
    fn places(&self, host: &Host) -> Vec<(String, Reach)> {
        let granted = self.sites.iter().filter_map(|site| Some((&*site.area.path, self.reach(site)?)));
        let outside = self.outside.directories.iter().map(|path| match self.outside.mode {
            Mode::Writable => (*path, Reach::Work),
            Mode::ReadOnly => (*path, Reach::Look),
        });
        let own = [&*host.private_home, &*host.private_temp].map(|path| (path, Reach::Work));
        let all =
            granted.chain(outside).chain(own).filter(|(_, reach)| self.needs_leave_to_look || *reach == Reach::Work);
        all.map(|(path, reach)| (native(path), reach)).collect()
    }

    fn reach(&self, site: &Site) -> Option<Reach> {
        match site.area.kind {
            AreaKind::Private => None,
            AreaKind::Write => Some(Reach::Work),
            // What is copied on write elsewhere is read here.
            AreaKind::Read | AreaKind::CopyOnWrite => (site.area.set.as_deref() != Some(SYSTEM)).then_some(Reach::Look),
        }
    }

    fn roots(&self, seen: &Seen<'_>) -> Result<Vec<Root>, PlanError> {
        let root = |(path, reach): (String, Reach)| {
            if seen.machine.without_lists.contains(&path) {
                return Err(PlanError::WithoutLists { path });
            }
            match seen.machine.identifiers.get(&path) {
                Some(sid) => Ok(self.root(Place { path, sid, reach }, seen)),
                None => Err(PlanError::WithoutIdentifier { path }),
            }
        };
        self.places(seen.host).into_iter().map(root).collect()
    }

    fn root(&self, Place { path, sid, reach }: Place<'_>, seen: &Seen<'_>) -> Root {
        let held = |wanted: Hold| seen.protection.held.iter().filter(move |(_, hold)| *hold == wanted);
        let unseen =
            seen.host.denied.iter().map(|(path, _)| path).chain(seen.host.masked.keys()).map(|path| native(path));
        let mut hidden = with_linked(below(&path, unseen), &path, seen.machine);
        let (mut kept, mut protected) = (Vec::new(), Vec::new());
        if reach == Reach::Work {
            let narrower = self.sites.iter().filter(|site| !self.is_writable(site)).map(|site| native(&site.area.path));
            let sealed = held(Hold::Seal).map(|(path, _)| native(path));
            kept = below(&path, held(Hold::Pin).map(|(path, _)| native(path)));
            protected = with_linked(below(&path, sealed.chain(narrower)), &path, seen.machine);
            if !self.needs_leave_to_look {
                // From its own user nothing can be hidden, but nobody need write it.
                protected.append(&mut hidden);
            }
        }
        Root { path, sid: sid.clone(), reach, kept, protected: unique(protected), hidden: unique(hidden) }
    }

    fn is_writable(&self, site: &Site) -> bool {
        covering(&self.sites, &site.area.path).is_some_and(|area| area.kind == AreaKind::Write)
    }
}

/// All that is known of what lies in the areas.
struct Seen<'a> {
    host: &'a Host,
    machine: &'a Machine,
    protection: &'a Protection,
}

struct Place<'a> {
    path: String,
    sid: &'a Sid,
    reach: Reach,
}

/// Those of some paths that are below another, written from there.
fn below(root: &str, paths: impl Iterator<Item = String>) -> Vec<String> {
    let relative = |path: String| Some(path.strip_prefix(root)?.strip_prefix('\\')?.to_owned());
    paths.filter_map(relative).collect()
}

/// Some paths of a root, and the files below them that have another name as well.
fn with_linked(mut paths: Vec<String>, root: &str, machine: &Machine) -> Vec<String> {
    let mut linked = below(root, machine.linked.iter().cloned());
    linked.retain(|file| {
        paths.iter().any(|path| file.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('\\')))
    });
    paths.append(&mut linked);
    paths
}

fn unique<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items.dedup();
    items
}
