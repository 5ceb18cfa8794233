//! What the supervisor sees of a run, as events of its ledger.

use std::fmt;

use pinfold_gate::link::{self, Answer, Report};
use pinfold_ledger::event::{self, ConnectionEnd, Event, Process, SecretUse, Verdict, Way};
use pinfold_policy::Decision;
use rustix::process::Signal;

use crate::control::Question;
use crate::exit::{End, Outcome};
use crate::watch::Quarantined;

/// Takes events of a run down, wherever they go.
pub struct Recorder {
    /// Who calls, and answers questions.
    user: String,
    /// A run that cannot be recorded is to end.
    required: bool,
    append: Box<dyn FnMut(Event) -> Result<(), String>>,
    failure: Option<String>,
}

impl Recorder {
    /// Hands each event to `append`, which must not take long: the supervisor waits for it. Once that fails it is not
    /// called again, and a run whose record is `required` ends. `user` is the name of who called.
    pub fn new(user: String, required: bool, append: impl FnMut(Event) -> Result<(), String> + 'static) -> Self {
        Self { user, required, append: Box::new(append), failure: None }
    }

    /// Takes one event down.
    pub fn take(&mut self, event: Event) {
        if self.failure.is_none() {
            self.failure = (self.append)(event).err();
        }
    }

    /// Why the record is not whole, if so.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The same, where it must end the run.
    pub(crate) fn fatal_failure(&self) -> Option<&str> {
        self.failure().filter(|_| self.required)
    }

    /// What the gate has seen.
    pub(crate) fn seen(&mut self, report: &Report) {
        if let Some(event) = of_gate(report) {
            self.take(event);
        }
    }

    /// What was moved away. What could not be stays a danger, and is one thing more that was seen.
    pub fn quarantined(&mut self, taken: &[Quarantined]) {
        for Quarantined { path, moved_to } in taken {
            let path = path.as_path().into();
            self.take(match moved_to {
                Some(moved_to) => Event::Quarantined { path, moved_to: moved_to.as_path().into() },
                None => Event::Note { text: format!("{path} appeared, and could not be moved away") },
            });
        }
    }

    /// What the user has said to a question.
    pub(crate) fn answered(&mut self, question: &Question, answer: Answer) {
        let how = match answer {
            Answer::Once => "once",
            Answer::Session => "session",
            Answer::Always => "always",
            Answer::Deny => "no",
        };
        self.take(Event::Grant {
            what: format!("connect {}", question.to),
            allow: answer != Answer::Deny,
            by: self.user.clone(),
            how: how.to_owned(),
        });
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

/// The event for a report, if it is one: a question counts once it is answered.
fn of_gate(report: &Report) -> Option<Event> {
    Some(match report.clone() {
        Report::Ready { .. } | Report::Question { .. } => return None,
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

impl From<&Outcome> for event::End {
    fn from(outcome: &Outcome) -> Self {
        let (duration_ms, cpu_ms, peak_memory_bytes) = (outcome.duration_ms, outcome.cpu_ms, outcome.peak_memory_bytes);
        let mut end = Self { duration_ms, cpu_ms, peak_memory_bytes, ..Self::default() };
        match &outcome.end {
            End::Exited(code) => end.code = Some(*code),
            End::NotExecuted(_) => end.code = Some(outcome.end.code().into()),
            End::Killed(signal) => end.signal = Some(*signal),
            End::Limited(limit) => end.limit = Some(limit.name().key().to_owned()),
            // There is nobody to take it.
            End::Unrecorded(_) => end.signal = Some(Signal::KILL.as_raw()),
        }
        end
    }
}
