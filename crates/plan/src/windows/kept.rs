//! For each promise of a policy, by what a plan of Windows keeps it.
//!
//! [`Promise::KernelSurface`] is not in the table: Windows has no filter for system calls that the tools of developers could
//! live with, so nothing is promised there.

use pinfold_policy::{NetworkMode, Policy};

use super::{Identity, Network, Plan};
use crate::{Assurance, Host, Keeper, Promise};

/// What would let this machine keep what it cannot.
const SET_UP: &str = "let `pinfold setup` make accounts for commands; it needs an administrator once";
/// What is left to accounts.
const FOR_EVERYBODY: &str = "but for what every user of this machine may read";

/// What is left to programs that know nothing of a gate.
const PROXY_ONLY: &str = "proxy only: programs that know no proxy reach nothing";
/// And where TLS is opened.
const WITH_TLS: &str = "proxy only: programs that know no proxy reach nothing, and those that trust only whom Windows trusts \
                        reach no host whose requests are looked at";

/// The assurance table of a plan: only promises that the policy asks for.
pub(super) fn assurance(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    let mut table = files(plan, policy, host);
    table.extend(network(plan, policy));
    table.extend(others(plan));
    table.extend(Assurance::not_undone(policy.undo.value));
    table.extend(limits(plan));
    table.sort_by_key(|assurance| assurance.promise);
    table
}

fn files(plan: &Plan, policy: &Policy, host: &Host) -> Vec<Assurance> {
    use Keeper::{Account, Handles, Integrity, RestrictedToken, Watch};
    let own = plan.identity != Identity::Caller;
    let writes: &[Keeper] = if own { &[Account, RestrictedToken, Integrity] } else { &[RestrictedToken, Integrity] };
    let reads = |promise| match own {
        true => Assurance::kept(promise, &[Account, RestrictedToken]),
        false => Assurance::missing(promise, "the command reads what you can read", SET_UP),
    };
    let mut table = vec![
        Assurance::kept(Promise::WritesConfined, writes).note("a file with another name elsewhere changes there too"),
        reads(Promise::ReadsConfined),
    ];
    if own {
        table[1].note = Some(FOR_EVERYBODY.to_owned());
    }
    if !policy.deny.is_empty() || !policy.mask.is_empty() {
        table.push(match (own, host.masked.len()) {
            (false, _) => reads(Promise::SecretsHidden),
            (true, 0) => reads(Promise::SecretsHidden).note("files that exist when the run starts"),
            (true, _) => reads(Promise::SecretsHidden)
                .note("files that exist when the run starts; where others are masked, they are hidden here"),
        });
    }
    if !policy.protect.is_empty() {
        table.push(Assurance::kept(Promise::MetadataSealed, &[writes, &[Handles]].concat()));
        table.push(Assurance::kept(Promise::MetadataWatched, &[Watch]).note("looked for at the end of the run"));
    }
    if !policy.copy_on_write.is_empty() {
        table.push(Assurance::kept(Promise::CachesIntact, writes).note("read-only"));
    }
    table
}

fn network(plan: &Plan, policy: &Policy) -> Option<Assurance> {
    use Keeper::{Firewall, Gate};
    let promise = match policy.network.mode {
        NetworkMode::Full => return None,
        NetworkMode::Off => Promise::NetworkOff,
        NetworkMode::Rules => Promise::NetworkRules,
    };
    Some(match (plan.network, promise) {
        (Network::Host, _) => Assurance::missing(promise, "the command has the network that you have", SET_UP),
        (Network::Gate { inspects, .. }, _) => {
            Assurance::kept(promise, &[Gate, Firewall]).note(if inspects { WITH_TLS } else { PROXY_ONLY })
        }
        (Network::None, Promise::NetworkRules) => {
            Assurance::missing(promise, "the firewall leaves no port to the gate", "run `pinfold setup --repair`")
        }
        (Network::None, _) => Assurance::kept(promise, &[Firewall]),
    })
}

fn others(plan: &Plan) -> Vec<Assurance> {
    use Keeper::{Account, Desktop, Integrity, Job, Pty, RestrictedToken, Supervisor};
    let apart: &[Keeper] = if plan.identity == Identity::Caller { &[Integrity] } else { &[Account, Integrity] };
    let listed = match plan.job.interface.is_empty() {
        true => "they can be listed; the clipboard is in reach, as pinfold itself runs in a job here",
        false => "they can be listed",
    };
    vec![
        Assurance::kept(Promise::SocketsOutside, apart).note("but for pipes that are open to everybody"),
        Assurance::kept(Promise::ProcessesOutside, &[apart, &[Desktop, Job]].concat()).note(listed),
        Assurance::kept(Promise::IpcOutside, apart).note("but for objects that are open to everybody"),
        Assurance::kept(Promise::NoPrivileges, &[RestrictedToken, Integrity]).note("a question of UAC may reach you"),
        Assurance::kept(Promise::NothingSurvives, &[Job]),
        Assurance::kept(Promise::TerminalSafe, &[Pty]),
        Assurance::kept(Promise::NothingInherited, &[Supervisor]),
    ]
}

fn limits(plan: &Plan) -> impl Iterator<Item = Assurance> {
    use Keeper::{Job, Watch};
    let limits = plan.limits;
    let looked = "looked at ten times a second";
    let kept = |limit: Option<u64>, promise, keepers: &[Keeper], note: Option<&str>| {
        let kept = Assurance { note: note.map(str::to_owned), ..Assurance::kept(promise, keepers) };
        limit.map(|_| kept)
    };
    [
        kept(limits.processes, Promise::LimitProcesses, &[Job], None),
        kept(limits.memory_bytes, Promise::LimitMemory, &[Job], Some("committed memory")),
        kept(
            limits.open_files,
            Promise::LimitOpenFiles,
            &[Watch],
            Some("handles of each process, looked at ten times a second"),
        ),
        kept(limits.cpu_time_ms, Promise::LimitCpu, &[Job, Watch], Some(looked)),
        kept(limits.wall_time_ms, Promise::LimitWallTime, &[Watch], None),
        kept(limits.disk_bytes, Promise::LimitDisk, &[Watch], Some("growth of the whole volume")),
        kept(limits.output_bytes, Promise::LimitOutput, &[Watch], None),
    ]
    .into_iter()
    .flatten()
}
