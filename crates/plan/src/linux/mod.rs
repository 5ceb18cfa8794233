//! Policy and host to a plan for Linux.

mod files;
mod gate;
mod kept;
mod landlock;
mod protect;

use std::path::{Path, PathBuf};

use pinfold_policy::{Grant, NetworkMode, Policy, Rules};
use thiserror::Error;

use crate::{Backend, Gate, Host, Identity, Limits, Network, Plan, Refusal, Seccomp};

/// The unprivileged id that root becomes, outside; in the range that systemd leaves to nobody
/// (<https://systemd.io/UIDS-GIDS/>).
const SHADOW_UID: u32 = 2_000_000_000;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A path that a person named does not exist.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// Who named it.
        grant: Grant,
    },
    /// The workspace would open up the whole home directory.
    #[error("the workspace {} contains your home directory", workspace.display())]
    WorkspaceTooWide {
        /// The workspace.
        workspace: PathBuf,
    },
    /// The workspace would open up what is the system's.
    #[error("the workspace {} is a system directory", workspace.display())]
    WorkspaceIsSystem {
        /// The workspace.
        workspace: PathBuf,
    },
    /// A link leads to where the managed policy does not let anyone.
    #[error("{} leads to {}, which the managed policy does not allow", link.display(), target.display())]
    LinkBeyondCeiling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
}

/// Resolves a policy for a host.
pub fn build(policy: &Policy, host: &Host) -> Result<Plan, PlanError> {
    refuse_wide_workspace(policy)?;
    let backend = if host.no_user_namespaces.is_none() { Backend::LinuxNamespaces } else { Backend::LinuxLandlock };
    let network = network(policy, host, backend);
    let sites = files::sites(policy, host)?;
    let outside = files::Outside::new(policy, host, &sites);
    let protection = protect::protect(policy, host, &sites, &outside);
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
        limits: limits(policy),
        watch: protection.watch,
        assurance: Vec::new(),
    };
    plan.assurance = kept::assurance(&plan, policy, host);
    Ok(plan)
}

/// The promises of a plan that nothing keeps, if any.
pub fn refusal(plan: &Plan) -> Option<Refusal> {
    let missing: Vec<_> = plan.assurance.iter().filter(|assurance| !assurance.is_kept()).cloned().collect();
    (!missing.is_empty()).then_some(Refusal { missing })
}

/// A workspace that contains the home or is the system's would make every other rule worthless.
fn refuse_wide_workspace(policy: &Policy) -> Result<(), PlanError> {
    const SYSTEM: [&str; 12] =
        ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/run", "/sys", "/usr", "/var"];
    let workspace = policy.places.workspace.clone();
    if policy.places.home.starts_with(&workspace) {
        return Err(PlanError::WorkspaceTooWide { workspace });
    }
    if SYSTEM.iter().any(|system| workspace == Path::new(system)) {
        return Err(PlanError::WorkspaceIsSystem { workspace });
    }
    Ok(())
}

fn network(policy: &Policy, host: &Host, backend: Backend) -> Network {
    match (policy.network.mode, backend) {
        (NetworkMode::Full, _) => Network::Host,
        (NetworkMode::Rules, Backend::LinuxNamespaces) => {
            Network::Gate(Gate { transparent: host.redirects, inspects: Rules::new(policy).inspects() })
        }
        (NetworkMode::Off, Backend::LinuxNamespaces) => Network::Loopback,
        // Without a namespace of its own nothing leads to a gate, so that nothing goes out; `kept` says so.
        (NetworkMode::Off | NetworkMode::Rules, Backend::LinuxLandlock) => Network::None,
    }
}

fn published(policy: &Policy, network: Network) -> Vec<u16> {
    let mut ports: Vec<u16> = policy.network.publish.iter().map(|rule| rule.port).collect();
    ports.sort_unstable();
    ports.dedup();
    if matches!(network, Network::Gate(_)) { ports } else { Vec::new() }
}

fn identity(host: &Host, backend: Backend) -> Identity {
    let (owner_uid, owner_gid) = host.workspace_owner;
    if host.uid == 0 && host.id_mapped_mounts && backend == Backend::LinuxNamespaces {
        Identity::Shadow { uid: SHADOW_UID, owner_uid, owner_gid }
    } else {
        Identity::Caller { uid: host.uid, gid: host.gid }
    }
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

fn limits(policy: &Policy) -> Limits {
    let limits = &policy.limits;
    Limits {
        memory_bytes: limits.memory.value,
        processes: limits.processes.value,
        open_files: limits.open_files.value,
        cpu_time_ms: limits.cpu_time_ms.value,
        wall_time_ms: limits.wall_time_ms.value,
        disk_bytes: limits.disk.value,
        file_size_bytes: limits.file_size.value,
        temp_bytes: limits.temp.value,
        output_bytes: limits.output.value,
    }
}
