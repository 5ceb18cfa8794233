//! What a gate tells the supervisor.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use pinfold_policy::{BudgetName, Decision, Rule, Ruling};
use serde::{Deserialize, Serialize};

/// From the gate to the supervisor. Text that comes from inside is cut to a few hundred bytes, not cleaned: whoever
/// shows it makes it plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Report {
    /// The gate serves.
    Ready {
        /// [`VERSION`](super::VERSION).
        version: u32,
        /// The certificate of this session's authority in PEM, which programs inside are to trust; nothing when no
        /// program inside can trust it.
        ca: Option<String>,
        /// The port of its proxy for HTTP and SOCKS5, where it has one.
        proxy: Option<u16>,
    },
    /// The rules of the last [`Order::Rules`](super::Order::Rules) count.
    Ruled,
    /// A name was asked for.
    Looked {
        /// The name as asked, in the form of the policy where it has one.
        name: String,
        /// The type of the question, such as `A` or `TXT`.
        kind: String,
        /// Was it answered, and why.
        verdict: Verdict,
    },
    /// A connection is open.
    Connected {
        /// Its number, in the order of arrival.
        id: u64,
        /// Where to, as the program inside named it; by a published port, where it leads inside.
        to: Endpoint,
        /// The address that was dialled; nothing when a proxy upstream resolves the name.
        address: Option<IpAddr>,
        /// How it came.
        way: Way,
        /// Are its requests looked at?
        inspected: bool,
        /// Whose it is, as far as that could be found out; nobody's inside, by a published port.
        process: Option<Process>,
        /// Why it may.
        verdict: Verdict,
    },
    /// A connection was refused, or could not be made.
    Refused {
        /// Its number.
        id: u64,
        /// Where to.
        to: Endpoint,
        /// How it came.
        way: Way,
        /// Whose it is.
        process: Option<Process>,
        /// Why not.
        verdict: Verdict,
        /// The smallest change of the policy that would let it through, if there is one.
        change: Option<String>,
    },
    /// A connection that was open is closed; or, if nothing was told before, its host could not be reached.
    Closed {
        /// Its number.
        id: u64,
        /// Where it went.
        to: Endpoint,
        /// How it came.
        way: Way,
        /// Bytes that left the run, encryption included.
        bytes_out: u64,
        /// Bytes that came in.
        bytes_in: u64,
        /// How long it was open, in milliseconds.
        ms: u64,
        /// How it ended.
        end: End,
    },
    /// A request on a connection that is inspected.
    Request {
        /// The connection's number.
        connection: u64,
        /// Where to.
        to: Endpoint,
        /// Its method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// Was it let through, and why.
        verdict: Verdict,
    },
    /// A secret was used or misused.
    Secret {
        /// The connection's number.
        connection: u64,
        /// The secret's name in the policy.
        name: String,
        /// The host that got it, was to get a placeholder, or sent the value back.
        to: Endpoint,
        /// What happened.
        event: SecretEvent,
    },
    /// A budget was crossed: this connection passes nothing more, and no other one that the budget counts.
    Frozen {
        /// The connection's number.
        connection: u64,
        /// Where it goes.
        to: Endpoint,
        /// The budget.
        budget: BudgetName,
        /// Its size.
        limit: u64,
    },
    /// The user is asked: [`Order::Answer`](super::Order::Answer) has the same number. Silence means no.
    Question {
        /// The question's number.
        id: u64,
        /// Where to.
        to: Endpoint,
        /// Who wants to.
        process: Option<Process>,
    },
}

/// A host by name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Endpoint {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// `HOST:PORT`, an IPv6 address in brackets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
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
    /// From a program of the host, to a port inside that is published.
    Published,
}

/// A process inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Process {
    /// Its number as seen from outside.
    pub pid: u32,
    /// Its program, as seen from inside; on Windows the file's name alone, where the process does not let itself be opened.
    pub exe: Option<PathBuf>,
}

/// A ruling as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Verdict {
    /// May it? `Unnamed` is a no that nobody was asked about, or said no to.
    pub decision: Decision,
    /// Why, as a clause.
    pub reason: String,
    /// The rule that decided.
    pub rule: Option<Rule>,
}

/// What happened to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretEvent {
    /// The value went to one of its hosts.
    Used,
    /// The placeholder stood in a request where it must not; the request was stopped.
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

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum End {
    /// Both sides had said all.
    Done,
    /// Something failed: what, fit for "failed to …" or as the peer says it.
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

impl From<&Ruling> for Verdict {
    fn from(ruling: &Ruling) -> Self {
        Self { decision: ruling.verdict, reason: ruling.reason.clone(), rule: ruling.rule.clone() }
    }
}
