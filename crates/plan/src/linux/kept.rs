//! For each promise of a policy, by what this plan keeps it.

use pinfold_policy::{NetworkMode, Policy};

use crate::{Assurance, Backend, Gate, Host, Identity, Keeper, Limits, Network, Plan, Promise};

/// What would let this host keep what it cannot.
const ENABLE_NAMESPACES: &str = "let pinfold make user namespaces; `pinfold doctor` says how on this host";

/// The assurance table of a plan: only promises that the policy asks for.
pub(super) fn assurance(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    let mut table = match plan.backend {
        Backend::LinuxNamespaces => with_namespaces(plan, policy, host),
        Backend::LinuxLandlock => without_namespaces(plan, policy, host),
    };
    table.extend(changes_undone(plan, policy, host));
    table.extend(network_rules(plan, policy));
    table.extend(limits(plan));
    table.sort_by_key(|assurance| assurance.promise);
    table
}

fn with_namespaces(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    use Keeper::{Credentials, IdMap, Landlock, Mount, Namespace, Pty, Seccomp, Supervisor, Watch};
    let landlock = |keepers: &[Keeper], from_abi: u32| -> Vec<Keeper> {
        let extra = (plan.landlock.abi >= from_abi).then_some(Landlock);
        keepers.iter().copied().chain(extra).collect()
    };
    let mut table = vec![
        Assurance::kept(Promise::WritesConfined, &landlock(&[Mount], 2)),
        Assurance::kept(Promise::ReadsConfined, &landlock(&[Mount], 2)),
        Assurance::kept(Promise::SecretsHidden, &[Mount]).note(match host.masked.len() {
            0 => "files that exist when the run starts".to_owned(),
            masked => format!("files that exist when the run starts; of {masked} the values are masked"),
        }),
        Assurance::kept(Promise::ProcessesOutside, &landlock(&[Namespace], 6)),
        sockets_outside(plan),
        Assurance::kept(Promise::IpcOutside, &[Namespace]),
        Assurance::kept(Promise::KernelSurface, &[Seccomp]),
        Assurance::kept(Promise::NothingSurvives, &[Namespace]),
        Assurance::kept(Promise::TerminalSafe, &[Pty, Seccomp]),
        Assurance::kept(Promise::NothingInherited, &[Supervisor]),
    ];
    if !policy.protect.is_empty() {
        table.extend(match policy.stage.value {
            true => [Promise::MetadataSealed, Promise::MetadataWatched]
                .map(|promise| Assurance::kept(promise, &[Mount]).note("what is written to them waits in the stage")),
            false => [
                Assurance::kept(Promise::MetadataSealed, &[Mount]),
                Assurance::kept(Promise::MetadataWatched, &[Watch]),
            ],
        });
    }
    if policy.stage.value {
        table.push(Assurance::kept(Promise::WorkspaceStaged, &[Mount]));
    }
    if !policy.copy_on_write.is_empty() {
        let caches = Assurance::kept(Promise::CachesIntact, &[Mount]);
        table.push(if host.overlay { caches } else { caches.note("read-only: overlays cannot be mounted here") });
    }
    if policy.network.mode == NetworkMode::Off {
        table.push(Assurance::kept(Promise::NetworkOff, &[Namespace]));
    }
    let privileges = Assurance::kept(Promise::NoPrivileges, &[Credentials, Seccomp]);
    table.push(if plan.seccomp.nested_namespaces {
        privileges.note("user namespaces may be made inside, as the policy allows")
    } else {
        privileges
    });
    if host.uid == 0 {
        table.push(match plan.identity {
            Identity::Shadow { .. } => Assurance::kept(Promise::RootIsNobody, &[IdMap, Credentials]),
            Identity::Caller { .. } => Assurance::kept(Promise::RootIsNobody, &[Credentials, Mount])
                .note("root's own user id without capabilities; files that only root may read are hidden one by one"),
        });
    }
    table
}

/// The filter has the supervisor told of each change before it is made. In a stage nothing is changed.
fn changes_undone(plan: &Plan, policy: &Policy, host: &Host) -> Option<Assurance> {
    if !policy.undo.value || policy.stage.value {
        return None;
    }
    let missing = |note: &str, remedy| Assurance::missing(Promise::ChangesUndone, note, remedy);
    Some(match (plan.backend, &host.untold) {
        (Backend::LinuxLandlock, _) => {
            missing("without mounts of its own it is not known where the command writes", ENABLE_NAMESPACES)
        }
        (_, Some(why)) => missing(why, "use --staged, with which nothing is changed before you take it over"),
        (_, None) => Assurance::kept(Promise::ChangesUndone, &[Keeper::Seccomp, Keeper::Supervisor])
            .note("a help against mistakes; a program that wants to can evade it"),
    })
}

/// Rules, ports and secrets of the network are the gate's; a namespace leaves no way but through it.
fn network_rules(plan: &Plan, policy: &Policy) -> Option<Assurance> {
    let kept = Assurance::kept(Promise::NetworkRules, &[Keeper::Gate, Keeper::Namespace]);
    match plan.network {
        Network::Gate(Gate { transparent: true, .. }) => Some(kept),
        Network::Gate(Gate { transparent: false, .. }) => {
            Some(kept.note("proxy only: without nf_tables, programs that know no proxy reach nothing"))
        }
        _ if policy.network.mode == NetworkMode::Rules => Some(Assurance::missing(
            Promise::NetworkRules,
            "without a network namespace nothing leads to the gate, so that nothing leaves or enters",
            ENABLE_NAMESPACES,
        )),
        _ => None,
    }
}

/// Sockets with a path are not there; those without one belong to a network namespace, or are kept out by Landlock.
fn sockets_outside(plan: &Plan) -> Assurance {
    let note = "but for those that programs outside make in visible places while the run lives";
    let scoped = plan.landlock.abi >= 6;
    match (plan.network, scoped) {
        (Network::Host, false) => Assurance::missing(
            Promise::SocketsOutside,
            "with the host's network, abstract sockets are in reach, and this kernel's Landlock cannot keep them out",
            "use --network off, or a kernel of 6.12 or newer",
        ),
        (Network::Host, true) => {
            Assurance::kept(Promise::SocketsOutside, &[Keeper::Mount, Keeper::Landlock]).note(note)
        }
        (_, true) => {
            Assurance::kept(Promise::SocketsOutside, &[Keeper::Mount, Keeper::Namespace, Keeper::Landlock]).note(note)
        }
        (_, false) => Assurance::kept(Promise::SocketsOutside, &[Keeper::Mount, Keeper::Namespace]).note(note),
    }
}

fn without_namespaces(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    use Keeper::{Credentials, Landlock, Pty, Seccomp, Supervisor};
    let missing = |promise, what: &str| Assurance::missing(promise, what, ENABLE_NAMESPACES);
    let landlock_or = |promise, from_abi: u32, what: &str| {
        if plan.landlock.abi >= from_abi { Assurance::kept(promise, &[Landlock]) } else { missing(promise, what) }
    };
    let mut table = vec![
        landlock_or(Promise::ReadsConfined, 2, "Landlock is missing too"),
        missing(Promise::WritesConfined, "Landlock keeps contents and names, but not modes, times and attributes"),
        missing(Promise::ProcessesOutside, "processes outside can be counted, and their limits changed"),
        missing(Promise::NothingSurvives, "what the command has started can outlive a supervisor that is killed"),
        Assurance::kept(Promise::SocketsOutside, &[Seccomp]).note("no Unix sockets but pairs"),
        Assurance::kept(Promise::IpcOutside, &[Seccomp]).note("no System V or POSIX queues and shared memory"),
        Assurance::kept(Promise::KernelSurface, &[Seccomp]),
        Assurance::kept(Promise::NoPrivileges, &[Credentials, Seccomp]),
        Assurance::kept(Promise::TerminalSafe, &[Pty, Seccomp]),
        Assurance::kept(Promise::NothingInherited, &[Supervisor]),
    ];
    if !policy.deny.is_empty() || !policy.mask.is_empty() {
        table.push(if host.denied.is_empty() && host.masked.is_empty() && plan.landlock.abi >= 2 {
            Assurance::kept(Promise::SecretsHidden, &[Landlock]).note("no denied file lies in a readable place")
        } else {
            missing(Promise::SecretsHidden, "Landlock cannot take a file out of a readable directory")
        });
    }
    if !policy.protect.is_empty() {
        table.push(missing(Promise::MetadataSealed, "Landlock cannot take a file out of a writable directory"));
        table.push(Assurance::kept(Promise::MetadataWatched, &[Keeper::Watch]));
    }
    if !policy.copy_on_write.is_empty() {
        table.push(landlock_or(Promise::CachesIntact, 2, "Landlock is missing too"));
    }
    if policy.network.mode == NetworkMode::Off {
        table.push(Assurance::kept(Promise::NetworkOff, &[Seccomp]).note("no internet sockets, not even to itself"));
    }
    if host.uid == 0 {
        table.push(missing(Promise::RootIsNobody, "root keeps its own user id"));
    }
    table
}

fn limits(plan: &Plan) -> Vec<Assurance> {
    use Keeper::{Namespace, Rlimit, TmpfsSize, Watch};
    let Limits { memory_bytes, processes, open_files, cpu_time_ms, wall_time_ms, disk_bytes, output_bytes, .. } =
        plan.limits;
    let namespaces = plan.backend == Backend::LinuxNamespaces;
    let root = matches!(plan.identity, Identity::Caller { uid: 0, .. });
    let mut table = Vec::new();
    if memory_bytes.is_some() {
        table.push(Assurance::kept(Promise::LimitMemory, &[Watch, TmpfsSize]).note("looked at ten times a second"));
    }
    if processes.is_some() {
        table.push(if root {
            // The kernel exempts root from this resource limit.
            Assurance::kept(Promise::LimitProcesses, &[Watch]).note("looked at ten times a second")
        } else if namespaces {
            Assurance::kept(Promise::LimitProcesses, &[Rlimit, Namespace])
        } else {
            Assurance::kept(Promise::LimitProcesses, &[Rlimit]).note("all processes of the user count")
        });
    }
    if open_files.is_some() {
        table.push(Assurance::kept(Promise::LimitOpenFiles, &[Rlimit]).note("for each process"));
    }
    if cpu_time_ms.is_some() {
        table.push(Assurance::kept(Promise::LimitCpu, &[Watch, Rlimit]).note("looked at ten times a second"));
    }
    if wall_time_ms.is_some() {
        table.push(Assurance::kept(Promise::LimitWallTime, &[Watch]));
    }
    if disk_bytes.is_some() {
        table.push(Assurance::kept(Promise::LimitDisk, &[Watch]).note("growth of the whole file system"));
    }
    if output_bytes.is_some() {
        table.push(Assurance::kept(Promise::LimitOutput, &[Watch]));
    }
    table
}
