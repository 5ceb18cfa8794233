//! What happened, in words. Nothing in them can move the cursor of a terminal.

use pinfold_gate::link::{Answer, End, Endpoint, Report, SecretEvent, Verdict, Way};
use pinfold_policy::{Decision, plain};
use pinfold_run::control::{Told, host, program};

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// When, in milliseconds since the run began.
    ms: u64,
    /// In one word.
    what: &'static str,
    text: String,
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.ms / 1000;
        write!(f, "{:>3}:{:02}  {:<11} {}", seconds / 60, seconds % 60, self.what, self.text)
    }
}

/// What a run has told; nothing for its introduction.
pub(super) fn describe(told: &Told) -> Option<Event> {
    let (ms, (what, text)) = match told {
        Told::Session { .. } => return None,
        Told::Network { ms, report } => (*ms, network(report)?),
        Told::Quarantined { ms, path, moved_to } => {
            let now =
                moved_to.as_deref().map_or("could not be moved away".to_owned(), |place| format!("is now {place}"));
            (*ms, ("quarantined", format!("{path} appeared and {now}")))
        }
        Told::Granted { ms, grant, for_ms } => {
            let time = for_ms.map_or_else(String::new, |ms| format!(", for {} s", ms.div_ceil(1000)));
            (*ms, ("granted", format!("{}{time}", grant.words())))
        }
        Told::Revoked { ms, grant, over } => {
            let why = if *over { "; its time was over" } else { "" };
            (*ms, ("revoked", format!("{}{why}", grant.words())))
        }
        Told::Refused { ms, program, wanted, path, why, rule, .. } => {
            let rule = rule.as_ref().map_or_else(String::new, |rule| format!(" ({rule})"));
            let to = match wanted.as_str() {
                "look" => "look at",
                "connect" => "connect to",
                other => other,
            };
            (*ms, ("refused", format!("`{program}` to {to} {path}: {why}{rule}")))
        }
        Told::Outcome { .. } => return None,
        Told::Question(question) => (question.ms, ("question", question.sentence())),
        Told::Answered { ms, to, answer, problem, .. } => {
            let problem = problem.as_ref().map_or_else(String::new, |problem| format!("; not written down: {problem}"));
            (*ms, ("answered", format!("{}: {}{problem}", host(to), answer_shown(*answer))))
        }
    };
    Some(Event { ms, what, text: plain(&text) })
}

fn network(report: &Report) -> Option<(&'static str, String)> {
    Some(match report {
        Report::Ready { .. } | Report::Ruled | Report::Question { .. } => return None,
        Report::Looked { name, kind, verdict } => (judged(verdict), format!("name {name} ({kind}){}", why(verdict))),
        Report::Connected { to, way: Way::Published, verdict, .. } => {
            (judged(verdict), format!("a program outside to {}{}", place(to, Way::Published), why(verdict)))
        }
        Report::Connected { to, process, verdict, .. } | Report::Refused { to, process, verdict, .. } => {
            (judged(verdict), format!("{} to {}{}", program(process.as_ref()), host(to), why(verdict)))
        }
        Report::Closed { to, way, bytes_out, bytes_in, end, .. } => {
            let end = match end {
                End::Done => String::new(),
                End::Failed { what } | End::Stopped { what } => format!("; {what}"),
            };
            ("closed", format!("{}, {bytes_out} bytes out, {bytes_in} in{end}", place(to, *way)))
        }
        Report::Request { to, method, path, verdict, .. } => {
            (judged(verdict), format!("{method} {path} at {}{}", host(to), why(verdict)))
        }
        Report::Secret { name, to, event, .. } => {
            let event = match event {
                SecretEvent::Used => "used".to_owned(),
                SecretEvent::Misplaced { place } => format!("stopped: its placeholder stood in {place}"),
                SecretEvent::Returned { place } => format!("stopped: its value came back in {place}"),
            };
            ("secret", format!("{name} {event}, {}", host(to)))
        }
        Report::Frozen { to, budget, limit, .. } => {
            ("frozen", format!("{}: network.budget.{} ({limit}) is used up", host(to), budget.key()))
        }
    })
}

/// Where a connection leads.
fn place(to: &Endpoint, way: Way) -> String {
    if way == Way::Published { format!("the published port {}", to.port) } else { host(to) }
}

fn judged(verdict: &Verdict) -> &'static str {
    if verdict.decision == Decision::Allow { "allowed" } else { "refused" }
}

fn why(verdict: &Verdict) -> String {
    let rule = verdict.rule.as_ref().map_or_else(String::new, |rule| format!(" ({rule})"));
    format!(": {}{rule}", verdict.reason)
}

fn answer_shown(answer: Option<Answer>) -> &'static str {
    match answer {
        Some(Answer::Once) => "once",
        Some(Answer::Session) => "for this session",
        Some(Answer::Always) => "always",
        Some(Answer::Deny) => "denied",
        None => "nobody answered in time, denied",
    }
}

#[cfg(test)]
mod tests {
    use pinfold_gate::link::Process;

    use super::*;

    #[test]
    fn what_comes_from_inside_moves_no_cursor() {
        let evil = "a\u{1b}[2J\u{9b}2J\u{202e}\r\n";
        let to = Endpoint { host: evil.into(), port: 1 };
        let process = Some(Process { pid: 1, exe: Some(format!("/x/{evil}").into()) });
        let verdict = Verdict { decision: Decision::Deny, reason: evil.into(), rule: None };
        let refused =
            Report::Refused { id: 1, to: to.clone(), way: Way::Socks, process, verdict: verdict.clone(), change: None };
        let request =
            Report::Request { connection: 1, to: to.clone(), method: evil.into(), path: evil.into(), verdict };
        let closed = Report::Closed {
            id: 1,
            to: to.clone(),
            way: Way::Socks,
            bytes_out: 0,
            bytes_in: 0,
            ms: 0,
            end: End::Failed { what: evil.into() },
        };
        let network = [refused, request, closed].map(|report| Told::Network { ms: 0, report });
        let answered = Told::Answered { ms: 0, id: 1, to, answer: None, problem: Some(evil.into()) };
        let quarantined = Told::Quarantined { ms: 0, path: evil.into(), moved_to: Some(evil.into()) };
        let [program, wanted, path, why] = [evil; 4].map(str::to_owned);
        let refused = Told::Refused { ms: 0, program, wanted, path, why, rule: Some(evil.into()), grant: None };
        for told in network.into_iter().chain([answered, quarantined, refused]) {
            let text = describe(&told).expect("an event").to_string();
            assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\r', '\n']), "{text:?}");
        }
    }
}
