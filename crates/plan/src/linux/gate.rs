//! What programs find in the file system about their network.

use std::path::PathBuf;

use crate::{GATE_ADDRESS, Gate, Host, Mode, Mount, Network, Owner, TRUST_BUNDLE};

/// Who resolves names, and whom TLS trusts. `owner` is whose the files of the caller's own store are inside.
pub(super) fn mounts(network: Network, host: &Host, owner: Option<Owner>) -> Vec<Mount> {
    match network {
        Network::Host => {
            // Below `/etc` it is visible already.
            let resolver = host.resolver.iter().filter(|path| !path.starts_with("/etc"));
            resolver.map(|path| read_only(path.clone(), path.clone(), None)).collect()
        }
        Network::Gate(gate) => names(host).chain(trust(gate, host, owner)).collect(),
        Network::Loopback | Network::None => Vec::new(),
    }
}

/// The gate answers for names, whoever does so for the host: also for those that the host's own file lists, since what
/// is reached by an address has no name to judge it by.
fn names(host: &Host) -> impl Iterator<Item = Mount> {
    let server = format!("nameserver {GATE_ADDRESS}\noptions timeout:2 attempts:2\n");
    let own = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {}\n", host.name);
    let files = [(&host.resolver, server), (&host.hosts, own)];
    files.into_iter().filter_map(|(at, text)| at.clone().map(|at| Mount::Text { at, text }))
}

/// The run's own certificates, over those of the system and where variables can name them.
fn trust(gate: Gate, host: &Host, owner: Option<Owner>) -> impl Iterator<Item = Mount> {
    let places = host.trust_bundles.iter().cloned().chain([PathBuf::from(TRUST_BUNDLE)]).filter(move |_| gate.inspects);
    places.map(move |at| read_only(host.own_trust.clone(), at, owner))
}

fn read_only(source: PathBuf, at: PathBuf, owner: Option<Owner>) -> Mount {
    Mount::Bind { source, at, mode: Mode::ReadOnly, directory: false, create: false, owner }
}
