//! From each kind of event to its class and attributes.

mod files;
mod findings;
mod network;
mod session;

use serde_json::Value;

use super::classes::{Activity, Class, INFORMATIONAL, LOW, Mapped};
use super::merge;
use super::objects::{self, endpoint};
use crate::Event;
use crate::event::{Subject, Verdict};
use crate::export::sessions::Facts;

pub(super) fn map<'a>(session: &str, facts: &Facts, event: &'a Event) -> Mapped<'a> {
    match event {
        Event::Start(start) => session::started(session, facts, start),
        Event::End(end) => session::ended(session, facts, end),
        Event::Exec { pid, parent, argv, argv_cut: _, cwd, executable, sha256, errno } => {
            session::executed(*pid, *parent, argv, cwd, executable, sha256.as_ref(), *errno)
        }
        Event::Grant { what, allow, by, how } => session::granted(facts, what, *allow, by, how),
        Event::Trust { path, sha256, by, how } => session::trusted(facts, path, sha256, by, how),
        Event::Stage(stage) => session::staged(facts, stage),
        Event::Note { text } => session::noted(text),
        Event::Lookup { name, r#type, verdict } => network::looked_up(name, r#type, verdict),
        Event::Connect { connection, host, port, address, way, process, inspected, verdict } => {
            let to = endpoint(host, Some(*port), *address);
            network::connected(*connection, to, *way, process.as_ref(), *inspected, verdict)
        }
        Event::Request { connection, host, port, method, path, verdict } => {
            network::requested(*connection, host, *port, method, path, verdict)
        }
        Event::Close { connection, host, port, way, bytes_out, bytes_in, ms, end } => {
            let to = endpoint(host, Some(*port), None);
            network::closed(*connection, to, *way, *bytes_out, *bytes_in, *ms, end)
        }
        Event::Secret { name, host, connection, what } => network::secret(name, host, *connection, what),
        Event::Budget { name, limit, connection, host } => findings::over_budget(name, *limit, *connection, host),
        Event::Change { path, what, from, size, sha256 } => {
            files::changed(path, *what, from.as_ref(), *size, sha256.as_ref())
        }
        Event::Refused { what: Subject::SystemCall, name, operation, rule, why } => {
            session::system_call(name, operation, rule.as_deref(), why)
        }
        Event::Refused { what: Subject::Limit, name, operation, rule, why } => {
            findings::over_limit(name, operation, rule.as_deref(), why)
        }
        Event::Refused { what: what @ (Subject::File | Subject::Socket), name, operation, rule, why } => {
            files::refused(*what, name, operation, rule.as_deref(), why)
        }
        Event::Quarantined { path, moved_to } => findings::quarantined(path, moved_to),
        Event::Trap { path, line, rule, severity, when, text } => {
            findings::trap(path, *line, rule, *severity, when, text)
        }
    }
}

/// An event that is only to be known.
fn plain(class: Class, activity: Activity<'_>, own: Value) -> Mapped<'_> {
    Mapped { class, activity, severity: INFORMATIONAL, own }
}

/// One that is more when it was refused.
fn judged<'a>(class: Class, activity: Activity<'a>, verdict: &Verdict, mut own: Value) -> Mapped<'a> {
    merge(&mut own, objects::verdict(verdict));
    Mapped { class, activity, severity: if verdict.allow { INFORMATIONAL } else { LOW }, own }
}

/// One that was refused.
fn blocked<'a>(class: Class, activity: Activity<'a>, rule: Option<&str>, why: &str, mut own: Value) -> Mapped<'a> {
    merge(&mut own, objects::refused(rule, why));
    Mapped { class, activity, severity: LOW, own }
}
