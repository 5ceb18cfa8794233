//! What programs find in the file system about their network.

use std::path::{Path, PathBuf};

use crate::{GATE_ADDRESS, Gate, Host, JAVA_TRUST_STORE, Mode, Mount, Network, Owner, TRUST_BUNDLE};

/// Who resolves names, and whom TLS trusts. `owner` is whose the files of the caller's own store are inside, `is_shown`
/// whether a path of the host is there.
pub(super) fn mounts(
    network: Network,
    host: &Host,
    owner: Option<Owner>,
    is_shown: impl Fn(&Path) -> bool,
) -> Vec<Mount> {
    match network {
        Network::Host => {
            // Below `/etc` it is visible already.
            let resolver = host.resolver.iter().filter(|path| !path.starts_with("/etc"));
            resolver.map(|path| read_only(path.clone(), path.clone(), None)).collect()
        }
        Network::Gate(gate) => names(host).chain(trust(gate, host, owner, is_shown)).collect(),
        Network::Loopback | Network::None => Vec::new(),
    }
}

/// The gate answers for names, whoever does so for the host: also for those that the host's own file lists, since what
/// is reached by an address has no name to judge it by. Short names are completed there too: without `search .` programs
/// would do it by the domain in the machine's name.
fn names(host: &Host) -> impl Iterator<Item = Mount> {
    let server = format!("nameserver {GATE_ADDRESS}\nsearch .\noptions timeout:2 attempts:2\n");
    let own = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {}\n", host.name);
    let files = [(&host.resolver, server), (&host.hosts, own)];
    files.into_iter().filter_map(|(at, text)| at.clone().map(|at| Mount::Text { at, text }))
}

/// The run's own certificates, over those of the system and where variables can name them.
fn trust(
    gate: Gate,
    host: &Host,
    owner: Option<Owner>,
    is_shown: impl Fn(&Path) -> bool,
) -> impl Iterator<Item = Mount> {
    let own = [(host.own_trust.clone(), TRUST_BUNDLE), (host.own_trust.with_extension("jks"), JAVA_TRUST_STORE)];
    let kinds = own.into_iter().zip([&host.trust_bundles, &host.java_trust_stores]).filter(move |_| gate.inspects);
    kinds.flat_map(move |((source, place), of_host)| {
        let shown: Vec<_> = of_host.iter().filter(|path| is_shown(path)).cloned().collect();
        shown.into_iter().chain([PathBuf::from(place)]).map(move |at| read_only(source.clone(), at, owner))
    })
}

fn read_only(source: PathBuf, at: PathBuf, owner: Option<Owner>) -> Mount {
    Mount::Bind { source, at, mode: Mode::ReadOnly, directory: false, create: false, owner }
}
