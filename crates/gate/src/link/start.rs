//! The first message: everything a gate knows.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use pinfold_policy::{Name, Rules, Secret};
use serde::{Deserialize, Serialize};

use crate::search::Search;

/// What a gate gets to know when it starts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Start {
    /// [`VERSION`](super::VERSION).
    pub version: u32,
    /// Who may go where.
    pub rules: Rules,
    /// Secrets with their values.
    pub secrets: Vec<LentSecret>,
    /// The proxy that this network wants everybody to use.
    pub upstream: Option<Upstream>,
    /// What is reached without that proxy: names (and all below), addresses, or `*`.
    pub no_proxy: Vec<String>,
    /// Is the user asked about hosts that no rule names?
    pub ask: bool,
    /// Names whose addresses are known already and not looked up. They are judged like all others.
    pub hosts: BTreeMap<Name, Vec<IpAddr>>,
    /// How the host completes short names.
    pub search: Search,
    /// The sandbox's first process, as seen from outside; without it connections are not attributed on Linux, where each
    /// network has a table of its own.
    pub init_pid: Option<u32>,
    /// Files in PEM with the certificates that the host trusts.
    pub roots: Vec<PathBuf>,
    /// Do programs inside get to trust the gate's certificate authority? Without it TLS cannot be inspected.
    pub trusted: bool,
    /// What each descriptor that comes along is, in their order.
    pub sockets: Vec<SocketRole>,
}

/// What a socket that was made inside is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SocketRole {
    /// A listener that connections to any IPv4 address are redirected to.
    Tcp4,
    /// The same for IPv6.
    Tcp6,
    /// Where the sandbox's resolver sends its questions.
    DnsUdp,
    /// The same over TCP.
    DnsTcp,
    /// A listener that speaks HTTP (`CONNECT` and absolute targets) and SOCKS5.
    Proxy,
    /// The same, but made by the gate itself, on the loopback of the network that it is in: no descriptor comes along.
    ProxyHere {
        /// The port; 0 for any that is free, which [`Report::Ready`](super::Report::Ready) tells.
        port: u16,
    },
    /// Where a socket is asked for that reaches the sandbox's own loopback.
    Dialler,
    /// A listener on the host's loopback, for a port of the sandbox's.
    Published {
        /// The port.
        port: u16,
    },
}

/// A secret with its value. `Debug` shows neither the value nor the placeholder.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LentSecret {
    /// What the policy says of it.
    pub secret: Secret,
    /// What programs inside have in its place: at least 8 bytes that appear nowhere else, none of which an address or
    /// a header would change (letters, digits, `-`, `_`).
    pub placeholder: String,
    /// The real value.
    pub value: String,
}

/// A proxy between this host and the internet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Upstream {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// `CONNECT` of HTTP/1.1 (RFC 9110, section 9.3.6).
    Http,
    /// SOCKS5 with names (RFC 1928), with user and password (RFC 1929).
    Socks5,
}

/// User and password for a proxy. `Debug` shows neither.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for LentSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LentSecret").field("secret", &self.secret.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(•••)")
    }
}
