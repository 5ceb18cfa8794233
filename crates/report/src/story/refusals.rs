//! What was refused, each thing once, with what would allow it.

use std::collections::BTreeMap;

use pinfold_ledger::Event;
use pinfold_ledger::event::{SecretUse, Subject, Verdict, endpoint};

use crate::limits::REFUSALS_MAX;
use crate::shown::shell_word;

/// Refusals by what was to be done with what.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    refusals: BTreeMap<(&'static str, String), Refusal>,
    /// Refusals that there was no room for.
    pub(crate) more: u64,
}

/// A refusal, perhaps of many attempts.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) times: u64,
    pub(crate) why: String,
    pub(crate) rule: Option<String>,
    /// What to type so that it is allowed, where that is a flag.
    pub(crate) fix: Option<String>,
}

impl Refusals {
    pub(super) fn add(&mut self, event: &Event) {
        if event.allowed() != Some(false) {
            return;
        }
        match event {
            Event::Connect { host, port, verdict, .. } => {
                let to = endpoint(host, *port);
                let fix = flag("--allow-host", &to);
                self.judged("connect", to, verdict, fix);
            }
            Event::Lookup { name, verdict, .. } => {
                self.judged("look up", name.clone(), verdict, flag("--allow-host", name));
            }
            Event::Request { host, port, method, path, verdict, .. } => {
                self.judged("request", format!("{method} {}{path}", endpoint(host, *port)), verdict, None);
            }
            Event::Refused { what, name, operation, rule, why } => {
                let fix = match (what, operation.as_str()) {
                    (Subject::File, "read") => flag("--read", name.as_str()),
                    (Subject::File, _) => flag("--write", name.as_str()),
                    (Subject::Socket | Subject::SystemCall | Subject::Limit, _) => None,
                };
                let what = match what {
                    Subject::File => "file",
                    Subject::Socket => "socket",
                    Subject::SystemCall => "system call",
                    Subject::Limit => "limit",
                };
                self.push(what, format!("{operation} {name}"), why, rule.as_ref(), fix);
            }
            Event::Secret { name, host, what, .. } => {
                let (what, place) = match what {
                    SecretUse::Used => return,
                    SecretUse::Misplaced { place } => ("the placeholder stood where it must not", place),
                    SecretUse::Returned { place } => ("the value stood in an answer", place),
                };
                self.push("secret", format!("{name}, {host}"), &format!("{what}: {place}"), None, None);
            }
            Event::Budget { name, limit, host, .. } => {
                let why = format!("the budget {name} of {} was crossed", crate::shown::bytes(*limit));
                self.push("budget", host.clone(), &why, None, None);
            }
            _ => {}
        }
    }

    fn judged(&mut self, what: &'static str, name: String, verdict: &Verdict, fix: Option<String>) {
        self.push(what, name, &verdict.reason, verdict.rule.as_ref(), fix);
    }

    fn push(&mut self, what: &'static str, name: String, why: &str, rule: Option<&String>, fix: Option<String>) {
        let key = (what, name);
        if !self.refusals.contains_key(&key) && self.refusals.len() >= REFUSALS_MAX {
            self.more += 1;
            return;
        }
        let refusal = self.refusals.entry(key).or_default();
        refusal.times += 1;
        // What a rule refuses, no flag allows.
        (refusal.why, refusal.rule, refusal.fix) = (why.to_owned(), rule.cloned(), fix.filter(|_| rule.is_none()));
    }

    /// What was to be done, with what, and why not.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &Refusal)> {
        self.refusals.iter().map(|((what, name), refusal)| (*what, &**name, refusal))
    }

    /// How many different things were refused.
    pub(crate) fn count(&self) -> u64 {
        self.refusals.len() as u64
    }
}

fn flag(flag: &str, word: &str) -> Option<String> {
    Some(format!("pinfold run {flag} {}", shell_word(word)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix_for(host: &str, rule: Option<&str>) -> Option<String> {
        let verdict = Verdict { allow: false, reason: "so".into(), rule: rule.map(str::to_owned) };
        let mut refusals = Refusals::default();
        refusals.add(&Event::Lookup { name: host.into(), r#type: "A".into(), verdict });
        refusals.rows().next().expect("a refusal").2.fix.clone()
    }

    #[test]
    fn what_is_offered_to_be_typed_does_what_it_says() {
        assert_eq!(fix_for("a.example", None).as_deref(), Some("pinfold run --allow-host a.example"));
        assert_eq!(fix_for("a; rm -rf ~", None).as_deref(), Some("pinfold run --allow-host 'a; rm -rf ~'"));
        assert_eq!(fix_for("a\u{202e}b", None), None, "it is not what it looks like");
        assert_eq!(fix_for("a.example", Some("network.deny")), None, "a rule says no, whatever the flags");
    }
}
