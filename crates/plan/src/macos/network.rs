//! What a run reaches: nothing, the gate, or the host's network.

use std::path::PathBuf;

use pinfold_policy::{NetworkMode, Policy, Rules};
use serde::{Deserialize, Serialize};

use super::host::Host;
use super::machine::{NETWORK_SERVICES, services};
use super::profile::{Filter, Operation, Profile};

/// The socket of the system's resolver.
const RESOLVER: &str = "/private/var/run/mDNSResponder";

/// What the network is. There is no loopback of its own: macOS has one for the whole machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// No connection at all, not even to itself.
    None,
    /// The gate, as a proxy on a port of the loopback.
    Gate {
        /// The port.
        port: u16,
        /// TLS of some hosts is opened, so that programs must trust the gate's own authority.
        inspects: bool,
    },
    /// The host's network.
    Host,
}

impl Network {
    /// What it is for a policy.
    pub(super) fn new(policy: &Policy, host: &Host) -> Self {
        match (policy.network.mode, host.gate_port) {
            (NetworkMode::Full, _) => Self::Host,
            (NetworkMode::Rules, Some(port)) => Self::Gate { port, inspects: Rules::new(policy).inspects() },
            // Nothing goes out where nothing leads to a gate; `kept` says so.
            (NetworkMode::Off, _) | (NetworkMode::Rules, None) => Self::None,
        }
    }
}

/// Ports that the policy publishes: here they are the host's own, so that others on this machine reach them at once.
pub(super) fn published(policy: &Policy, network: Network) -> Vec<u16> {
    if matches!(network, Network::Gate { .. }) { crate::gate::published(policy) } else { Vec::new() }
}

/// The rules. Sockets with a path are for the places that are the run's own: in others there may be those of programs
/// outside.
pub(super) fn rules(profile: &mut Profile, network: Network, published: &[u16], own_places: &[PathBuf]) {
    use Operation::{MachLookup, NetworkBind, NetworkInbound, NetworkOutbound, SystemSocket};
    if network == Network::Host {
        profile.allow(&[NetworkBind, NetworkInbound, SystemSocket], Vec::new(), "the host's network");
        profile.allow(&[NetworkOutbound], Vec::new(), "the host's network");
        // A rule for paths fits no other connection.
        let everywhere = vec![Filter::Subpath("/".into())];
        profile.deny(&[NetworkOutbound], everywhere, "but no sockets of programs outside");
        profile.allow(&[NetworkOutbound], vec![Filter::Literal(RESOLVER.into())], "names, by the system's resolver");
        profile.allow(&[MachLookup], services(&NETWORK_SERVICES), "services for TLS and names");
    }
    if let Network::Gate { port, .. } = network {
        profile.allow(&[NetworkOutbound], vec![Filter::RemoteLoopback(port)], "the gate and nothing else");
    }
    if !published.is_empty() {
        let ports = published.iter().map(|port| Filter::LocalLoopback(*port));
        profile.allow(&[NetworkBind, NetworkInbound], ports.collect(), "ports that are published");
    }
    let own = own_places.iter().cloned().map(Filter::Subpath).collect();
    profile.allow(&[NetworkBind, NetworkInbound, NetworkOutbound], own, "sockets in places of its own");
}
