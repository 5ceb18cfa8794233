//! An event in one line.

use pinfold_ledger::Event;
use pinfold_ledger::event::{ConnectionEnd, Verdict, Way, endpoint};

use super::Tone;

/// What it is about, in a word or two, in a sentence, and how it is to be taken.
pub(super) fn described(event: &Event) -> (&'static str, String, Tone) {
    match event {
        Event::Start(start) => ("start", format!("in {}", start.workspace), Tone::Plain),
        Event::Exec { argv, executable, errno, .. } => {
            // What there is no room for is cut later; of a huge command not all is copied.
            let arguments =
                argv.iter().take(64).map(|argument| argument.as_str().get(..4096).unwrap_or(argument.as_str()));
            let command = arguments.collect::<Vec<_>>().join(" ");
            match errno {
                None => ("command", command, Tone::Plain),
                Some(errno) => {
                    ("command", format!("{executable} did not start (error {errno}): {command}"), Tone::Plain)
                }
            }
        }
        Event::Lookup { name, r#type, verdict } => judged("name", &format!("{name} ({type})"), verdict),
        Event::Connect { host, port, way, verdict, .. } => {
            judged("connection", &format!("{}{}", outside(*way), endpoint(host, *port)), verdict)
        }
        Event::Request { host, method, path, verdict, .. } => {
            judged("request", &format!("{method} {host}{path}"), verdict)
        }
        Event::Close { host, port, way, bytes_out, bytes_in, end, .. } => {
            let [out, into] = [bytes_out, bytes_in].map(|bytes| crate::shown::bytes(*bytes));
            let end = match end {
                ConnectionEnd::Done => String::new(),
                ConnectionEnd::Failed { what } => format!("; failed: {what}"),
                ConnectionEnd::Stopped { what } => format!("; stopped: {what}"),
            };
            ("closed", format!("{}{}, {out} out, {into} in{end}", outside(*way), endpoint(host, *port)), Tone::Plain)
        }
        Event::Secret { name, host, .. } => match event.allowed() {
            Some(true) => ("secret", format!("{name} was used for {host}"), Tone::Plain),
            _ => ("secret", format!("{name} was stopped on its way to or from {host}"), Tone::Refused),
        },
        Event::Budget { name, host, .. } => ("budget", format!("{name} was crossed by {host}"), Tone::Refused),
        Event::Refused { name, operation, why, .. } => ("refused", format!("{operation} {name}: {why}"), Tone::Refused),
        Event::Grant { what, allow: true, by, how } => ("allowed", format!("{what}, by {by} ({how})"), Tone::Decided),
        Event::Grant { what, allow: false, by, how } => ("denied", format!("{what}, by {by} ({how})"), Tone::Decided),
        Event::Trust { path, by, how, .. } => ("trusted", format!("{path}, by {by} ({how})"), Tone::Decided),
        Event::Quarantined { path, moved_to } => ("quarantined", format!("{path} is now {moved_to}"), Tone::Warning),
        Event::Change { path, what, from, .. } => match from {
            Some(from) => (what.as_str(), format!("{path}, once {from}"), Tone::Plain),
            None => (what.as_str(), path.to_string(), Tone::Plain),
        },
        Event::Trap { path, when, .. } => ("trap", format!("{path} would run {when}"), Tone::Warning),
        Event::Stage(stage) => (stage.act.as_str(), stage.sentence(), Tone::Decided),
        Event::Note { text } => ("note", text.clone(), Tone::Plain),
        Event::End(_) => ("end", String::new(), Tone::Plain),
    }
}

fn outside(way: Way) -> &'static str {
    if way == Way::Published { "from outside to " } else { "" }
}

fn judged(kind: &'static str, what: &str, verdict: &Verdict) -> (&'static str, String, Tone) {
    if verdict.allow {
        (kind, what.to_owned(), Tone::Plain)
    } else {
        (kind, format!("{what}: refused, {}", verdict.reason), Tone::Refused)
    }
}
