//! For each promise of a policy, by what this plan keeps it. Not yet verified on a Mac.

use pinfold_policy::{NetworkMode, Policy};

use super::host::Host;
use super::network::Network;
use super::plan::Plan;
use crate::{Assurance, Keeper, Limits, Promise};

/// The assurance table of a plan: only promises that the policy asks for.
pub(super) fn assurance(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    use Keeper::{Pty, Seatbelt, Supervisor};
    let mut table = vec![
        Assurance::kept(Promise::WritesConfined, &[Seatbelt]),
        Assurance::kept(Promise::ReadsConfined, &[Seatbelt])
            .note("home and temporary directory are private ones by variable, those of the host are refused"),
        secrets_hidden(policy, host),
        Assurance::kept(Promise::ProcessesOutside, &[Seatbelt]),
        Assurance::kept(Promise::SocketsOutside, &[Seatbelt]).note("Unix sockets in places of its own only"),
        Assurance::kept(Promise::IpcOutside, &[Seatbelt])
            .note("but for semaphores with the names of Python's multiprocessing, and three services of the system"),
        Assurance::kept(Promise::KernelSurface, &[Seatbelt]).note("no drivers, no mounts; calls are not told apart"),
        Assurance::kept(Promise::NoPrivileges, &[Seatbelt]).note("no setuid program starts in a sandbox"),
        Assurance::kept(Promise::TerminalSafe, &[Pty, Seatbelt]),
        Assurance::kept(Promise::NothingInherited, &[Supervisor]),
        Assurance::missing(
            Promise::NothingSurvives,
            "what the command has started can leave its group and outlive a supervisor that is killed",
            "use --best-effort: what survives stays under the same profile",
        ),
    ];
    if !policy.protect.is_empty() {
        table.push(Assurance::kept(Promise::MetadataSealed, &[Seatbelt]));
        let watched = Assurance::kept(Promise::MetadataWatched, &[Seatbelt, Keeper::Watch]);
        table.push(watched.note(
            "refused; new repositories, and what is moved in with a directory around it, are looked through at the end",
        ));
    }
    if !policy.copy_on_write.is_empty() {
        table.push(Assurance::kept(Promise::CachesIntact, &[Seatbelt]).note("read-only: there are no overlays"));
    }
    if host.uid == 0 {
        table.push(Assurance::missing(
            Promise::RootIsNobody,
            "root keeps its own user id",
            "start pinfold as an ordinary user",
        ));
    }
    table.extend(Assurance::not_undone(policy.undo.value));
    table.extend(network(plan, policy));
    table.extend(limits(plan));
    table.sort_by_key(|assurance| assurance.promise);
    table
}

fn secrets_hidden(policy: &Policy, host: &Host) -> Assurance {
    let kept = Assurance::kept(Promise::SecretsHidden, &[Keeper::Seatbelt]);
    match (policy.mask.is_empty(), host.masked.len()) {
        (true, _) => kept.note("also files that appear later"),
        (false, masked) => kept.note(format!(
            "also files that appear later; masked ones ({masked}) are hidden, as nothing can be laid over a file"
        )),
    }
}

fn network(plan: &Plan, policy: &Policy) -> Option<Assurance> {
    match (policy.network.mode, plan.network) {
        (NetworkMode::Off, _) => Some(
            Assurance::kept(Promise::NetworkOff, &[Keeper::Seatbelt]).note("no internet sockets, not even to itself"),
        ),
        (NetworkMode::Rules, Network::Gate { .. }) => {
            Some(Assurance::kept(Promise::NetworkRules, &[Keeper::Gate, Keeper::Seatbelt]).note(
                "proxy only: programs that know no proxy reach nothing, nor those that verify TLS by Security.framework",
            ))
        }
        (NetworkMode::Rules, _) => Some(Assurance::missing(
            Promise::NetworkRules,
            "no gate listens, so that nothing leaves or enters",
            "use --network off",
        )),
        (NetworkMode::Full, _) => None,
    }
}

fn limits(plan: &Plan) -> Vec<Assurance> {
    use Keeper::{Rlimit, Watch};
    let Limits { memory_bytes, processes, open_files, cpu_time_ms, wall_time_ms, disk_bytes, output_bytes, .. } =
        plan.limits;
    let watched = "looked at ten times a second";
    let rows = [
        (memory_bytes, Promise::LimitMemory, &[Watch][..], Some(watched)),
        (processes, Promise::LimitProcesses, &[Watch, Rlimit], Some("all processes of the user count")),
        (open_files, Promise::LimitOpenFiles, &[Rlimit], Some("for each process")),
        (cpu_time_ms, Promise::LimitCpu, &[Watch, Rlimit], Some(watched)),
        (wall_time_ms, Promise::LimitWallTime, &[Watch], None),
        (disk_bytes, Promise::LimitDisk, &[Watch], Some("growth of the whole file system")),
        (output_bytes, Promise::LimitOutput, &[Watch], None),
    ];
    let wanted = rows.into_iter().filter(|(limit, ..)| limit.is_some());
    wanted
        .map(|(_, promise, keepers, note)| {
            let kept = Assurance::kept(promise, keepers);
            match note {
                Some(note) => kept.note(note),
                None => kept,
            }
        })
        .collect()
}
