//! An event at a glance: what every row of a table and every sentence about it tells.

use std::borrow::Cow;

use crate::event::{Change, ConnectionEnd, End, Process, SecretUse, endpoint};
use crate::text::plain;
use crate::{Event, Text};

/// The columns of an event. What it has not is empty.
#[derive(Debug, Default)]
pub(super) struct Glance<'a> {
    /// `allowed` or `refused`.
    pub(super) verdict: &'static str,
    /// The path, the host with its port, or the name that it is about.
    pub(super) subject: Cow<'a, str>,
    /// The process's number, and its program where that is not the subject.
    pub(super) process: String,
    /// The rule that decided.
    pub(super) rule: &'a str,
    /// Why, or how it came out.
    pub(super) reason: Cow<'a, str>,
}

impl<'a> Glance<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let verdict = match event.allowed() {
            Some(true) => "allowed",
            Some(false) => "refused",
            None => "",
        };
        let process = match event {
            Event::Exec { pid, .. } => pid.to_string(),
            Event::Connect { process: Some(Process { pid, exe }), .. } => {
                exe.as_ref().map_or_else(|| pid.to_string(), |exe| format!("{pid} {exe}"))
            }
            _ => String::new(),
        };
        Self {
            verdict,
            subject: subject(event),
            process,
            rule: event.rule().unwrap_or_default(),
            reason: reason(event),
        }
    }

    /// The sentence for people. Nothing in it moves a cursor.
    pub(super) fn sentence(&self, kind: &str) -> String {
        let mut sentence = kind.to_owned();
        for word in [&self.subject, self.verdict].into_iter().filter(|word: &&str| !word.is_empty()) {
            sentence.push(' ');
            sentence.push_str(word);
        }
        if !self.reason.is_empty() {
            sentence.push_str(": ");
            sentence.push_str(&self.reason);
        }
        plain(&sentence)
    }
}

fn subject(event: &Event) -> Cow<'_, str> {
    match event {
        Event::Start(start) => words(&start.command).into(),
        Event::Exec { executable: path, .. }
        | Event::Refused { name: path, .. }
        | Event::Trust { path, .. }
        | Event::Quarantined { path, .. }
        | Event::Change { path, .. } => path.as_str().into(),
        Event::Trap { path, line: None, .. } => path.as_str().into(),
        Event::Trap { path, line: Some(line), .. } => format!("{path}:{line}").into(),
        Event::Lookup { name, .. } => name.into(),
        Event::Connect { host, port, .. } | Event::Close { host, port, .. } => endpoint(host, *port).into(),
        Event::Request { host, port, method, path, .. } => format!("{method} {}{path}", endpoint(host, *port)).into(),
        Event::Secret { name, host, .. } | Event::Budget { name, host, .. } => format!("{name} at {host}").into(),
        Event::Grant { what, .. } => what.into(),
        Event::Stage(stage) => (&*stage.stage).into(),
        Event::Note { .. } | Event::End(_) => "".into(),
    }
}

fn reason(event: &Event) -> Cow<'_, str> {
    match event {
        Event::Exec { errno: Some(errno), .. } => std::io::Error::from_raw_os_error(*errno).to_string().into(),
        Event::Close { end: ConnectionEnd::Failed { what } | ConnectionEnd::Stopped { what }, .. } => what.into(),
        Event::Secret { what: SecretUse::Misplaced { place }, .. } => {
            format!("the placeholder stood in {place}").into()
        }
        Event::Secret { what: SecretUse::Returned { place }, .. } => format!("the value came back in {place}").into(),
        Event::Budget { limit, .. } => format!("more than {limit} bytes").into(),
        Event::Refused { operation, why, .. } => format!("{operation}: {why}").into(),
        Event::Grant { by, how, .. } | Event::Trust { by, how, .. } => format!("{by}, {how}").into(),
        Event::Quarantined { moved_to, .. } => format!("moved to {moved_to}").into(),
        Event::Change { what, from, .. } => changed(*what, from.as_ref()),
        Event::Trap { when, .. } => when.into(),
        Event::Stage(stage) => format!("{} {}", stage.act.as_str(), stage.sentence()).into(),
        Event::Note { text } => text.into(),
        Event::End(end) => ended(end).into(),
        _ => event.verdict().map_or_else(Cow::default, |verdict| verdict.reason.as_str().into()),
    }
}

fn changed(what: Change, from: Option<&Text>) -> Cow<'static, str> {
    match from {
        Some(from) => format!("{} from {from}", what.as_str()).into(),
        None => what.as_str().into(),
    }
}

fn ended(end: &End) -> String {
    match end {
        End { limit: Some(limit), .. } => format!("limit {limit}"),
        End { signal: Some(signal), .. } => format!("signal {signal}"),
        End { code: Some(code), .. } => format!("exit code {code}"),
        _ => String::new(),
    }
}

/// Words as a shell reads them.
pub(super) fn words(words: &[Text]) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    let quoted = words.iter().map(|word| match word.as_str() {
        word if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    });
    quoted.collect::<Vec<_>>().join(" ")
}
