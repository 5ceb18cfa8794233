//! What events are made of.

use serde::{Deserialize, Serialize};

use crate::Text;

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// May it?
    pub allow: bool,
    /// Why, as a clause.
    pub reason: String,
    /// The rule that decided, with its place: `network.allow "a.example", pinfold.toml:14`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A user of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// The name, or nothing for a number without one.
    pub name: String,
    /// The number.
    pub uid: u32,
}

/// What a plan promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Promise {
    /// The promise.
    pub promise: String,
    /// What keeps it: `kernel: mount`, `gate`, `none`.
    pub kept_by: String,
}

/// A process inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Process {
    /// Its number as seen from outside.
    pub pid: u32,
    /// Its program, as seen from inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<Text>,
}

/// How a connection comes to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The program connected to the address; the kernel redirected it.
    Transparent,
    /// `CONNECT` to the gate's proxy.
    Connect,
    /// A request with an absolute target to the gate's proxy.
    Proxy,
    /// SOCKS5 to the gate's proxy.
    Socks,
    /// From outside, to a port of the run that the host's loopback shows.
    Published,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionEnd {
    /// Both sides had said all.
    Done,
    /// Something failed.
    Failed {
        /// What.
        what: String,
    },
    /// The gate cut it off.
    Stopped {
        /// Why.
        what: String,
    },
}

/// What happened to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretUse {
    /// The value went to one of its hosts.
    Used,
    /// The placeholder stood where it must not; the request was stopped.
    Misplaced {
        /// Where it stood: `header:x-token`, `query`, `path`, `body`.
        place: String,
    },
    /// The value stood in an answer, which was stopped.
    Returned {
        /// Where it stood: `header:x-token`, `status`, `body`.
        place: String,
    },
}

/// What can be refused, but for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A file or directory.
    File,
    /// A Unix socket, by its path or abstract name.
    Socket,
    /// A system call.
    SystemCall,
    /// More of something than a limit allows.
    Limit,
}

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Created,
    /// Its content is another.
    Modified,
    /// It is no more.
    Deleted,
    /// It has another path.
    Renamed,
}

impl Change {
    /// How, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
        }
    }
}

/// How bad something is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To be known.
    Info,
    /// A nuisance.
    Low,
    /// To be looked at before the file is used.
    Medium,
    /// Runs foreign commands with the user's rights.
    High,
    /// Does so unasked and at once.
    Critical,
}

impl Severity {
    /// How bad, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A host and a port as a URL has them: an IPv6 address stands in brackets.
pub fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
