//! What a gate has seen, as far as the end of the run tells it: each thing once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pinfold_gate::link::{Endpoint, Report, SecretEvent, Verdict, Way};
use pinfold_policy::{BudgetName, Decision, Rule};

/// Most different things of one kind that are remembered.
const MOST: usize = 100;

/// What a gate has seen.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Hosts that were reached, in the order of their first connection.
    pub reached: Vec<Endpoint>,
    /// What came and went by published ports.
    pub published: BTreeMap<u16, PublishedPort>,
    /// What was refused, in the order of the first attempt.
    pub refused: Vec<RefusedHost>,
    /// How many connections, names and requests were refused.
    pub refusals: u64,
    /// Secrets that were misused: the secret, the host, and what happened.
    pub secrets: Vec<(String, Endpoint, SecretEvent)>,
    /// Budgets that were used up, with their size.
    pub budgets: Vec<(BudgetName, u64)>,
    /// The gate ended before the run: from then on nothing left or entered.
    pub ended_early: bool,
}

/// What came and went by a published port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublishedPort {
    /// Connections that something inside took.
    pub connections: u64,
    /// Bytes that left the run.
    pub bytes_out: u64,
    /// Bytes that came in.
    pub bytes_in: u64,
}

/// A host that something inside was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedHost {
    /// The host.
    pub host: String,
    /// The port; nothing where only the name was asked for.
    pub port: Option<u16>,
    /// Method and path of the request, where it was only that.
    pub request: Option<String>,
    /// The program that wanted to go there, if that is known.
    pub program: Option<PathBuf>,
    /// Why not, as a clause.
    pub reason: String,
    /// The rule that decided.
    pub rule: Option<Rule>,
    /// What would let it through, as far as the gate can tell.
    pub change: Option<String>,
}

impl Traffic {
    /// Takes note of a report.
    pub fn note(&mut self, report: Report) {
        match report {
            Report::Connected { to, way: Way::Published, .. } => self.published(to.port).connections += 1,
            Report::Closed { to, way: Way::Published, bytes_out, bytes_in, .. } => {
                let port = self.published(to.port);
                port.bytes_out += bytes_out;
                port.bytes_in += bytes_in;
            }
            Report::Connected { to, .. } => remember(&mut self.reached, to),
            Report::Refused { to, process, verdict, change, .. } => {
                let program = process.and_then(|process| process.exe);
                self.refuse(RefusedHost { program, change, ..RefusedHost::new(to.host, Some(to.port), verdict) });
            }
            Report::Looked { name, verdict, .. } if verdict.decision != Decision::Allow => {
                self.refuse(RefusedHost::new(name, None, verdict));
            }
            Report::Request { to, method, path, verdict, .. } if verdict.decision != Decision::Allow => {
                let request = Some(format!("{method} {path}"));
                self.refuse(RefusedHost { request, ..RefusedHost::new(to.host, Some(to.port), verdict) });
            }
            Report::Secret { event: SecretEvent::Used, .. } => {}
            Report::Secret { name, to, event, .. } => remember(&mut self.secrets, (name, to, event)),
            Report::Frozen { budget, limit, .. } => remember(&mut self.budgets, (budget, limit)),
            Report::Ready { .. }
            | Report::Ruled
            | Report::Looked { .. }
            | Report::Request { .. }
            | Report::Closed { .. }
            | Report::Question { .. } => {}
        }
    }

    /// There are no more of them than the policy names.
    fn published(&mut self, port: u16) -> &mut PublishedPort {
        self.published.entry(port).or_default()
    }

    fn refuse(&mut self, refused: RefusedHost) {
        self.refusals += 1;
        let same = |known: &RefusedHost| {
            (&known.host, known.port, &known.request) == (&refused.host, refused.port, &refused.request)
        };
        if !self.refused.iter().any(same) && self.refused.len() < MOST {
            self.refused.push(refused);
        }
    }
}

impl RefusedHost {
    fn new(host: String, port: Option<u16>, Verdict { reason, rule, .. }: Verdict) -> Self {
        Self { host, port, request: None, program: None, reason, rule, change: None }
    }
}

fn remember<T: PartialEq>(known: &mut Vec<T>, new: T) {
    if known.len() < MOST && !known.contains(&new) {
        known.push(new);
    }
}
