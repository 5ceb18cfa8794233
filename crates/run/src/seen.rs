//! What a gate tells, and what users answer it, as events of a ledger.

use pinfold_gate::link::{self, Answer, Report};
use pinfold_ledger::event::{ConnectionEnd, Event, Process, SecretUse, Verdict, Way};
use pinfold_policy::Decision;

use crate::control::Question;

/// The event for a report, if it is one: a question counts once it is answered.
pub fn seen(report: &Report) -> Option<Event> {
    Some(match report.clone() {
        Report::Ready { .. } | Report::Ruled | Report::Question { .. } => return None,
        Report::Looked { name, kind, verdict } => Event::Lookup { name, r#type: kind, verdict: self::verdict(verdict) },
        Report::Connected { id, to, address, way, inspected, process, verdict } => Event::Connect {
            connection: id,
            host: to.host,
            port: to.port,
            address,
            way: self::way(way),
            process: process.map(self::process),
            inspected,
            verdict: self::verdict(verdict),
        },
        Report::Refused { id, to, way, process, verdict, .. } => Event::Connect {
            connection: id,
            host: to.host,
            port: to.port,
            address: None,
            way: self::way(way),
            process: process.map(self::process),
            inspected: false,
            verdict: self::verdict(verdict),
        },
        Report::Closed { id, to, way, bytes_out, bytes_in, ms, end } => Event::Close {
            connection: id,
            host: to.host,
            port: to.port,
            way: self::way(way),
            bytes_out,
            bytes_in,
            ms,
            end: connection_end(end),
        },
        Report::Request { connection, to, method, path, verdict } => {
            Event::Request { connection, host: to.host, port: to.port, method, path, verdict: self::verdict(verdict) }
        }
        Report::Secret { connection, name, to, event } => {
            Event::Secret { name, host: to.host, connection, what: secret_use(event) }
        }
        Report::Frozen { connection, to, budget, limit } => {
            Event::Budget { name: budget.key().to_owned(), limit, connection, host: to.host }
        }
    })
}

/// The event for what a user, `by`, has said to a question.
pub fn granted(question: &Question, answer: Answer, by: &str) -> Event {
    let how = match answer {
        Answer::Once => "once",
        Answer::Session => "session",
        Answer::Always => "always",
        Answer::Deny => "no",
    };
    Event::Grant {
        what: format!("connect {}", question.to),
        allow: answer != Answer::Deny,
        by: by.to_owned(),
        how: how.to_owned(),
    }
}

fn verdict(verdict: link::Verdict) -> Verdict {
    let rule = verdict.rule.map(|rule| rule.to_string());
    Verdict { allow: verdict.decision == Decision::Allow, reason: verdict.reason, rule }
}

fn process(process: link::Process) -> Process {
    Process { pid: process.pid, exe: process.exe.map(|exe| exe.as_path().into()) }
}

fn way(way: link::Way) -> Way {
    match way {
        link::Way::Transparent => Way::Transparent,
        link::Way::Connect => Way::Connect,
        link::Way::Proxy => Way::Proxy,
        link::Way::Socks => Way::Socks,
        link::Way::Published => Way::Published,
    }
}

fn connection_end(end: link::End) -> ConnectionEnd {
    match end {
        link::End::Done => ConnectionEnd::Done,
        link::End::Failed { what } => ConnectionEnd::Failed { what },
        link::End::Stopped { what } => ConnectionEnd::Stopped { what },
    }
}

fn secret_use(event: link::SecretEvent) -> SecretUse {
    match event {
        link::SecretEvent::Used => SecretUse::Used,
        link::SecretEvent::Misplaced { place } => SecretUse::Misplaced { place },
        link::SecretEvent::Returned { place } => SecretUse::Returned { place },
    }
}
