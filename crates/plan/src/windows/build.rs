//! Policy, host and machine to a plan.

use std::path::Path;

use pinfold_acl::Sid;
use pinfold_policy::{NetworkMode, Policy, Rules};

use super::roots::Grounds;
use super::{Desktop, Edit, Identity, Job, Machine, Mitigation, Network, Plan, Reach, Root, Token, edits, kept};
use crate::sites::{refuse_stage, refuse_wide_workspace};
use crate::{Host, Limits, PlanError};

/// Resolves a policy for a machine.
///
/// # Errors
/// When a path that a person named does not exist, the workspace is too wide, an identifier is missing in
/// [`Machine::identifiers`] or what may be written lies where no access list is kept.
pub fn build(policy: &Policy, host: &Host, machine: &Machine) -> Result<Plan, PlanError> {
    refuse_wide_workspace(policy)?;
    refuse_stage(policy)?;
    let identity = identity(policy, machine);
    let grounds = Grounds::new(policy, host, machine, identity)?;
    let roots = grounds.roots()?;
    let identifiers: Vec<Sid> = roots.iter().map(|root| root.sid.clone()).collect();
    let group = machine.accounts.as_ref().map(|accounts| &accounts.group).filter(|_| identity != Identity::Caller);
    let edits: Vec<Vec<Edit>> = roots.iter().map(|root| edits(root, group, &machine.user)).collect();
    let limits = Limits::of(policy);
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
        pins: pins(&roots, &edits),
        edits: edits.into_iter().flatten().collect(),
        roots,
        // That of an account's runner is the supervisor's, which is another tree of jobs.
        job: Job::new(&limits, machine.in_job && identity == Identity::Caller),
        desktop: Desktop::Private,
        mitigations: Mitigation::ALL.to_vec(),
        limits,
        watch: grounds.watch(),
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// The paths that a plan for this policy needs identifiers for, as [`Machine::identifiers`] names them. The identifiers of
/// the machine do not count here.
///
/// # Errors
/// When a path that a person named does not exist.
pub fn areas(policy: &Policy, host: &Host, machine: &Machine) -> Result<Vec<String>, PlanError> {
    let grounds = Grounds::new(policy, host, machine, identity(policy, machine))?;
    Ok(grounds.places().map(|(path, _)| path).collect())
}

/// What is different in a place that may be written, all that leads there, and the place itself.
fn pins(roots: &[Root], edits: &[Vec<Edit>]) -> Vec<String> {
    let writable = roots.iter().zip(edits).filter(|(root, _)| root.reach == Reach::Work);
    let mut pins: Vec<String> = writable.flat_map(|(_, edits)| edits).map(|edit| edit.path.clone()).collect();
    pins.sort();
    pins.dedup();
    pins
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

/// What it is for a policy.
pub(super) fn network(policy: &Policy, machine: &Machine, identity: Identity) -> Network {
    let port = machine.accounts.as_ref().and_then(|accounts| accounts.gate_port);
    match (identity, policy.network.mode, port) {
        (Identity::Caller | Identity::Online, ..) => Network::Host,
        (Identity::Offline, NetworkMode::Rules, Some(port)) => {
            Network::Gate { port, inspects: Rules::new(policy).inspects() }
        }
        (Identity::Offline, ..) => Network::None,
    }
}

fn token(machine: &Machine, identity: Identity, identifiers: &[Sid]) -> Token {
    match (&machine.accounts, identity) {
        (Some(accounts), Identity::Offline) => Token::of_account(&accounts.offline, &accounts.group, identifiers),
        (Some(accounts), Identity::Online) => Token::of_account(&accounts.online, &accounts.group, identifiers),
        _ => Token::of_the_caller(machine, identifiers),
    }
}
