//! What programs find in the file system about their network.

use std::path::PathBuf;

use crate::{GATE_ADDRESS, Gate, Host, Mode, Mount, Network, TRUST_BUNDLE};

/// Who resolves names, and whom TLS trusts.
pub(super) fn mounts(network: Network, host: &Host) -> Vec<Mount> {
    match network {
        Network::Host => {
            // Below `/etc` it is visible already.
            let resolver = host.resolver.iter().filter(|path| !path.starts_with("/etc"));
            resolver.map(|path| read_only(path.clone(), path.clone())).collect()
        }
        Network::Gate(gate) => names(host).chain(trust(gate, host)).collect(),
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
fn trust(gate: Gate, host: &Host) -> impl Iterator<Item = Mount> {
    let places = host.trust_bundles.iter().cloned().chain([PathBuf::from(TRUST_BUNDLE)]).filter(move |_| gate.inspects);
    places.map(|at| read_only(host.own_trust.clone(), at))
}

fn read_only(source: PathBuf, at: PathBuf) -> Mount {
    Mount::Bind { source, at, mode: Mode::ReadOnly, directory: false, create: false, owner: None }
}
