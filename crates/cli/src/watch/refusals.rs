//! What was refused because nothing in the policy speaks of it, each behind a digit that grants it.

use std::collections::VecDeque;
use std::time::Instant;

use pinfold_gate::link::Report;
use pinfold_policy::{Decision, plain};
use pinfold_run::control::{Grant, Told, host};

use super::page::CAUTION;

/// As many as there are digits.
const PLACES: usize = 9;
/// How many wait for one.
const WAITING: usize = 100;

/// What was refused. Each keeps its digit as long as it is here, so that nobody grants another one than he has read.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    places: [Option<Refused>; PLACES],
    /// Those that wait for a place.
    waiting: VecDeque<Refused>,
    /// How many more there were.
    others: usize,
}

#[derive(Debug)]
struct Refused {
    session: String,
    /// What would let it through.
    grant: Grant,
    /// What happened, as a clause.
    what: String,
    since: Instant,
}

impl Refusals {
    /// Takes note of what a run has told.
    pub(super) fn take(&mut self, session: &str, told: &Told) {
        match told {
            Told::Network { report, .. } => {
                if let Some(to) = unnamed(report) {
                    self.add(session, Grant::Connect { to }, "it was refused, as no rule names it".to_owned());
                }
            }
            Told::Refused { program, path, grant: Some(grant), .. } => {
                let what = match grant.path().is_some_and(|granted| granted.as_os_str() == path.as_str()) {
                    true => format!("it was refused to `{program}`"),
                    false => format!("{path} was refused to `{program}`"),
                };
                self.add(session, grant.clone(), what);
            }
            Told::Granted { grant, .. } => {
                self.forget(|refused| refused.session == session && grant.covers(&refused.grant));
            }
            _ => {}
        }
    }

    /// The run has ended.
    pub(super) fn end(&mut self, session: &str) {
        self.forget(|refused| refused.session == session);
    }

    /// What a digit stands for, which is shown no more; nothing for one that has come up just now. Whether it is on the screen is
    /// for who shows it to say.
    pub(super) fn grant(&mut self, digit: char) -> Option<(String, Grant)> {
        let index = digit.to_digit(10)?.checked_sub(1)?;
        let place = self.places.get_mut(index as usize)?;
        let Refused { session, grant, .. } = place.take_if(|refused| refused.since.elapsed() >= CAUTION)?;
        self.fill();
        Some((session, grant))
    }

    /// A row for each digit, as far as there is room for `most`, and one that counts the others; the name of its run is made
    /// short by `short`.
    pub(super) fn rows(&self, most: usize, short: impl Fn(&str) -> String) -> Vec<(Option<char>, String)> {
        let rows = ('1'..='9').zip(&self.places).filter_map(|(digit, place)| {
            let Refused { session, grant, what, .. } = place.as_ref()?;
            let text = format!("{digit}  {}  {}", short(session), plain(&format!("{}: {what}", grant.words())));
            Some((Some(digit), text))
        });
        let mut rows: Vec<_> = rows.collect();
        let hidden = rows.len().saturating_sub(most);
        rows.truncate(most);
        let more = hidden + self.waiting.len() + self.others;
        if more > 0 {
            rows.push((None, format!("   and {more} more")));
        }
        rows
    }

    fn add(&mut self, session: &str, grant: Grant, what: String) {
        let known = |refused: &Refused| refused.session == session && refused.grant.covers(&grant);
        if self.places.iter().flatten().chain(&self.waiting).any(known) {
            return;
        }
        if self.waiting.len() >= WAITING {
            self.others += 1;
            return;
        }
        self.waiting.push_back(Refused { session: session.to_owned(), grant, what, since: Instant::now() });
        self.fill();
    }

    /// Gives free places to those that wait.
    fn fill(&mut self) {
        for place in self.places.iter_mut().filter(|place| place.is_none()) {
            *place = self.waiting.pop_front().map(|refused| Refused { since: Instant::now(), ..refused });
        }
    }

    fn forget(&mut self, is_it: impl Fn(&Refused) -> bool) {
        for place in &mut self.places {
            place.take_if(|refused| is_it(refused));
        }
        self.waiting.retain(|refused| !is_it(refused));
        self.others = 0;
        self.fill();
    }

    #[cfg(test)]
    pub(super) fn come_up(&mut self) {
        self.places.iter_mut().flatten().for_each(|refused| refused.since = Instant::now());
    }

    #[cfg(test)]
    pub(super) fn were_read(&mut self) {
        self.places.iter_mut().flatten().for_each(|refused| refused.since -= CAUTION);
    }
}

/// The host that a report refuses and a grant could let through.
fn unnamed(report: &Report) -> Option<String> {
    match report {
        Report::Looked { name, verdict, .. } if verdict.decision == Decision::Unnamed => Some(plain(name)),
        Report::Refused { to, verdict, .. } if verdict.decision == Decision::Unnamed => Some(host(to)),
        _ => None,
    }
}
