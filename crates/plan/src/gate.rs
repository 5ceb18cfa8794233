//! Where the gate is, as seen from inside.

use core::net::Ipv4Addr;

use pinfold_policy::Policy;
use serde::{Deserialize, Serialize};

/// The gate's own address: the first of the range from which it gives names addresses. Its name server listens there
/// (RFC 2544: these addresses are nobody's on the internet).
pub const GATE_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

/// The port of name servers.
pub const DNS_PORT: u16 = 53;

/// Where all TCP is redirected to, on the sandbox's loopback; above the ports that the kernel gives out by itself.
pub const CAPTURE_PORT: u16 = 63127;

/// Where programs that know proxies find one, on the sandbox's loopback: HTTP and SOCKS 5.
pub const PROXY_PORT: u16 = 63128;

/// The certificates that programs trust when TLS is opened: those of the host and the gate's own, as PEM.
pub const TRUST_BUNDLE: &str = "/run/pinfold/trust.pem";

/// The same as a store of Java's (`JKS`), for a JVM that has another one than those that are found.
pub const JAVA_TRUST_STORE: &str = "/run/pinfold/trust.jks";

/// The network is what the gate lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gate {
    /// All TCP leads to the gate, whether programs know of it or not. Otherwise only programs that use a proxy are
    /// served.
    pub transparent: bool,
    /// TLS of some hosts is opened, so that programs must trust the gate's own authority.
    pub inspects: bool,
}

/// The ports that a policy publishes, each once.
pub(crate) fn published(policy: &Policy) -> Vec<u16> {
    let mut ports: Vec<u16> = policy.network.publish.iter().map(|rule| rule.port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}
