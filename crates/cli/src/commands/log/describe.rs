//! An event of the ledger in words. Nothing in them can move the cursor of a terminal.

use pinfold_ledger::event::{ConnectionEnd, End, Event, Process, SecretUse, Start, Subject, Verdict, Way, endpoint};
use pinfold_ledger::{Record, Text};
use pinfold_policy::{plain, shell_word};

/// Characters of a command that are shown.
const COMMAND_CHARS: usize = 160;

/// A record as one line: its number, when since the start, what in one word, and the rest.
pub(super) fn line(record: &Record, begun_ns: u64) -> String {
    let (what, text) = describe(&record.event);
    let ms = record.time.nanoseconds().saturating_sub(begun_ns) / 1_000_000;
    let (seconds, rest) = (ms / 1000, ms % 1000);
    let line = format!("{:>4}  {:>3}:{:02}.{rest:03}  {what:<11} {text}", record.seq, seconds / 60, seconds % 60);
    plain(&line).trim_end().to_owned()
}

/// A command as it is typed.
pub(super) fn command(words: &[Text]) -> String {
    let words: Vec<_> = words.iter().map(|word| shell_word(&word.to_string())).collect();
    cut(&words.join(" "), COMMAND_CHARS)
}

fn describe(event: &Event) -> (&'static str, String) {
    match event {
        Event::Start(start) => ("start", started(start)),
        Event::Exec { pid, argv, cwd, errno, .. } => {
            let failed = errno
                .map_or_else(String::new, |errno| format!(": failed, {}", std::io::Error::from_raw_os_error(errno)));
            (if errno.is_some() { "not run" } else { "run" }, format!("{}  ({pid}, in {cwd}){failed}", command(argv)))
        }
        Event::Lookup { name, r#type, verdict } => (judged(verdict), format!("name {name} ({type}){}", why(verdict))),
        Event::Connect { host, port, way, process, verdict, .. } => {
            let from = program(process.as_ref()).or_else(|| outside(*way)).unwrap_or_default();
            (judged(verdict), format!("{from}{}{}", endpoint(host, *port), why(verdict)))
        }
        Event::Request { host, port, method, path, verdict, .. } => {
            (judged(verdict), format!("{method} {path} at {}{}", endpoint(host, *port), why(verdict)))
        }
        Event::Close { host, port, way, bytes_out, bytes_in, end, .. } => {
            let end = match end {
                ConnectionEnd::Done => String::new(),
                ConnectionEnd::Failed { what } | ConnectionEnd::Stopped { what } => format!("; {what}"),
            };
            let from = outside(*way).unwrap_or_default();
            ("closed", format!("{from}{}, {bytes_out} bytes out, {bytes_in} in{end}", endpoint(host, *port)))
        }
        Event::Secret { name, host, what, .. } => ("secret", format!("{name} {}, {host}", secret(what))),
        Event::Budget { name, limit, host, .. } => {
            ("frozen", format!("{host}: network.budget.{name} ({limit}) is used up"))
        }
        Event::Refused { what, name, operation, rule, why } => {
            let rule = rule.as_ref().map_or_else(String::new, |rule| format!(" ({rule})"));
            ("refused", format!("{operation} {}{name}: {why}{rule}", subject(*what)))
        }
        Event::Grant { what, allow, by, how } => match (how.as_str(), allow) {
            ("once" | "session" | "always" | "no", allow) => {
                ("answered", format!("{what}: {} by {by} ({how})", if *allow { "allowed" } else { "denied" }))
            }
            (_, true) => ("granted", format!("{what} by {by} ({how})")),
            (how, false) if how.starts_with("not given") => ("not granted", format!("{what} to {by} ({how})")),
            (_, false) => ("revoked", format!("{what} by {by} ({how})")),
        },
        Event::Trust { path, by, how, .. } => ("trusted", format!("{path} by {by} ({how})")),
        Event::Quarantined { path, moved_to } => ("quarantined", format!("{path} appeared and is now {moved_to}")),
        Event::Change { path, what, from, size, .. } => (what.as_str(), change(path, from.as_ref(), *size)),
        Event::Trap { path, line, severity, when, text, .. } => {
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            ("trap", format!("{}: {path}{line} would run {when}: {text}", severity.as_str()))
        }
        Event::Stage(stage) => (stage.act.as_str(), stage.sentence()),
        Event::Note { text } => ("note", text.clone()),
        Event::End(end) => ("end", ended(end)),
    }
}

fn started(Start { agent, user, host, profile, command: words, workspace, stage, .. }: &Start) -> String {
    let agent = agent.as_ref().map_or_else(String::new, |agent| format!(" for {agent}"));
    let stage = stage.as_ref().map_or_else(String::new, |stage| {
        let from = stage.forked_from.as_ref().map_or_else(String::new, |from| format!(" forked from {from}"));
        format!(", in the stage {}{from}", stage.name)
    });
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {profile}") };
    format!("{}  (in {workspace}{stage}{profile}, by {}@{host}{agent})", command(words), user.name)
}

/// How a session ended, in a few words.
pub(super) fn outcome(end: &End) -> String {
    match (end.code, end.signal, &end.limit) {
        (_, _, Some(limit)) => format!("limits.{limit}"),
        (_, Some(signal), _) => format!("signal {signal}"),
        (Some(code), ..) => format!("exit {code}"),
        _ => "ended".to_owned(),
    }
}

fn ended(end: &End) -> String {
    let memory = end.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {} MiB at most", bytes >> 20));
    let cpu = end.cpu_ms.map_or_else(String::new, |ms| format!(", {} of CPU", seconds(ms)));
    let dropped = if end.dropped > 0 { format!("; {} events had no room", end.dropped) } else { String::new() };
    format!("{} after {}{cpu}{memory}{dropped}", outcome(end), seconds(end.duration_ms))
}

/// A duration with one digit behind the point.
pub(super) fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1000.0)
}

fn judged(verdict: &Verdict) -> &'static str {
    if verdict.allow { "allowed" } else { "refused" }
}

fn why(verdict: &Verdict) -> String {
    let rule = verdict.rule.as_ref().map_or_else(String::new, |rule| format!(" ({rule})"));
    format!(": {}{rule}", verdict.reason)
}

fn program(process: Option<&Process>) -> Option<String> {
    let Process { pid, exe } = process?;
    let name = exe.as_ref().map_or_else(|| pid.to_string(), |exe| format!("{exe} ({pid})"));
    Some(format!("{name} to "))
}

fn outside(way: Way) -> Option<String> {
    (way == Way::Published).then(|| "from outside to ".to_owned())
}

fn secret(what: &SecretUse) -> String {
    match what {
        SecretUse::Used => "used".to_owned(),
        SecretUse::Misplaced { place } => format!("stopped: its placeholder stood in {place}"),
        SecretUse::Returned { place } => format!("stopped: its value came back in {place}"),
    }
}

fn subject(what: Subject) -> &'static str {
    match what {
        Subject::File => "",
        Subject::Socket => "socket ",
        Subject::SystemCall => "system call ",
        Subject::Limit => "limit ",
    }
}

fn change(path: &Text, from: Option<&Text>, size: Option<u64>) -> String {
    let from = from.map_or_else(String::new, |from| format!("{from} to "));
    let size = size.map_or_else(String::new, |size| format!(", {size} bytes"));
    format!("{from}{path}{size}")
}

pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_inside_moves_no_cursor() {
        let evil = "a\u{1b}[2J\u{9b}2J\u{202e}\r\n";
        let text = || Text::from(evil);
        let verdict = || Verdict { allow: false, reason: evil.into(), rule: Some(evil.into()) };
        let events = [
            Event::Exec {
                pid: 1,
                parent: 1,
                argv: vec![text()],
                argv_cut: false,
                cwd: text(),
                executable: text(),
                sha256: None,
                errno: None,
            },
            Event::Lookup { name: evil.into(), r#type: evil.into(), verdict: verdict() },
            Event::Quarantined { path: text(), moved_to: text() },
            Event::Note { text: evil.into() },
        ];
        for event in events {
            let record = Record { seq: 0, time: pinfold_ledger::Timestamp::default(), cut: false, event };
            let line = line(&record, 0);
            assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r', '\n']), "{line:?}");
        }
    }

    #[test]
    fn long_commands_are_cut_between_letters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }
}
