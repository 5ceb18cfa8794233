//! Policy and host to a plan for Linux.

mod files;
mod gate;
mod kept;
mod landlock;

use std::path::Path;

use pinfold_policy::{AreaKind, NetworkMode, Policy, Rules};

use crate::protect::protect;
use crate::sites::{self, Outside, sites};
use crate::{Backend, Gate, Host, Identity, Limits, Mount, Network, Plan, PlanError, Refusal, Seccomp};

/// The unprivileged id that root becomes, outside; in the range that systemd leaves to nobody
/// (<https://systemd.io/UIDS-GIDS/>).
const SHADOW_UID: u32 = 2_000_000_000;

/// Resolves a policy for a host.
pub fn build(policy: &Policy, host: &Host) -> Result<Plan, PlanError> {
    sites::refuse_wide_workspace(policy)?;
    let backend = backend(host.no_user_namespaces.as_deref());
    let network = network(policy, backend, host.redirects);
    refuse_without_stage(policy, host, backend)?;
    let sites = sites(policy, host)?;
    let outside = Outside::new(policy, host, &sites);
    let protection = protect(policy, host, &sites, &outside);
    let identity = identity(host, backend);
    let mounts = match backend {
        Backend::LinuxNamespaces => {
            files::Layout { policy, host, identity }.mounts(&sites, &outside, &protection, network)
        }
        Backend::LinuxLandlock => Vec::new(),
    };
    let mut plan = Plan {
        format: Plan::FORMAT,
        backend,
        fallback: host.no_user_namespaces.clone(),
        profile: policy.profile.clone(),
        workspace: policy.places.workspace.clone(),
        home: policy.places.home.clone(),
        private_home: host.private_home.clone(),
        private_temp: (backend == Backend::LinuxLandlock).then(|| host.private_temp.clone()),
        identity,
        network,
        publish: published(policy, network),
        landlock: landlock::rules(host, &sites, &mounts, backend),
        mounts,
        seccomp: seccomp(policy, backend, network),
        limits: Limits::of(policy),
        watch: protection.watch,
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// Without overlays there is no stage, and to write to the workspace itself is no second best.
fn refuse_without_stage(policy: &Policy, host: &Host, backend: Backend) -> Result<(), PlanError> {
    let why = match (backend, host.overlay, &host.stage) {
        _ if !policy.stage.value => return Ok(()),
        (Backend::LinuxLandlock, ..) => "that needs user namespaces, which cannot be made here",
        (_, false, _) => "this kernel does not let ordinary users mount overlays, which 5.11 and newer do",
        (_, _, None) => "there is none",
        (_, true, Some(_)) => return Ok(()),
    };
    Err(PlanError::NotStaged { why, origin: policy.stage.origin.clone() })
}

/// What carries a plan out; the reason why user namespaces cannot be made tells.
pub fn backend(no_user_namespaces: Option<&str>) -> Backend {
    if no_user_namespaces.is_none() { Backend::LinuxNamespaces } else { Backend::LinuxLandlock }
}

/// Steps of a plan for this policy that show nothing of the host, so that they can be taken before there is a plan.
pub fn early(policy: &Policy) -> Vec<Mount> {
    let covered = |at: &Path| policy.layout().any(|area| at != area.path && at.starts_with(&area.path));
    let here = |at: &Path| policy.layout().any(|area| at == area.path && area.kind == AreaKind::Private);
    let early = [Mount::Devices, Mount::Proc].into_iter();
    early.filter(|mount| here(mount.at()) && !covered(mount.at())).collect()
}

/// The promises of a plan that nothing keeps, if any.
pub fn refusal(plan: &Plan) -> Option<Refusal> {
    Refusal::of(&plan.assurance)
}

/// What the network of a plan for this policy is, where connections can be redirected or cannot.
pub fn network(policy: &Policy, backend: Backend, redirects: bool) -> Network {
    match (policy.network.mode, backend) {
        (NetworkMode::Full, _) => Network::Host,
        (NetworkMode::Rules, Backend::LinuxNamespaces) => {
            Network::Gate(Gate { transparent: redirects, inspects: Rules::new(policy).inspects() })
        }
        (NetworkMode::Off, Backend::LinuxNamespaces) => Network::Loopback,
        // Without a namespace of its own nothing leads to a gate, so that nothing goes out; `kept` says so.
        (NetworkMode::Off | NetworkMode::Rules, Backend::LinuxLandlock) => Network::None,
    }
}

/// Ports inside that the host's loopback shall show.
fn published(policy: &Policy, network: Network) -> Vec<u16> {
    if matches!(network, Network::Gate(_)) { crate::gate::published(policy) } else { Vec::new() }
}

/// Who the command is when `uid` calls, where that does not depend on the workspace.
pub fn early_identity((uid, gid): (u32, u32)) -> Option<Identity> {
    (uid != 0).then_some(Identity::Caller { uid, gid })
}

fn identity(host: &Host, backend: Backend) -> Identity {
    let (owner_uid, owner_gid) = host.workspace_owner;
    early_identity((host.uid, host.gid)).unwrap_or(match host.id_mapped_mounts && backend == Backend::LinuxNamespaces {
        true => Identity::Shadow { uid: SHADOW_UID, owner_uid, owner_gid },
        false => Identity::Caller { uid: host.uid, gid: host.gid },
    })
}

fn seccomp(policy: &Policy, backend: Backend, network: Network) -> Seccomp {
    let own_namespaces = backend == Backend::LinuxNamespaces;
    Seccomp {
        nested_namespaces: policy.process.nested_namespaces && own_namespaces,
        internet_sockets: network != Network::None,
        unix_sockets: own_namespaces,
        system_v_ipc: own_namespaces,
    }
}
