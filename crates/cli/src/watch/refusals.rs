//! What was refused because nothing in the policy speaks of it, each behind a digit that grants it.

use std::time::Instant;

use pinfold_gate::link::Report;
use pinfold_policy::{Decision, plain};
use pinfold_run::control::{Grant, Told, host};

use super::page::CAUTION;

/// As many as there are digits.
const PLACES: usize = 9;

/// What was refused. Each keeps its digit as long as it is here, so that nobody grants another one than he has read.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    places: [Option<Refused>; PLACES],
    /// How many found no place.
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

    /// What a digit stands for; nothing for one that has come up just now.
    pub(super) fn grant(&self, digit: char) -> Option<(String, Grant)> {
        let index = digit.to_digit(10)?.checked_sub(1)?;
        let refused = self.places.get(index as usize)?.as_ref()?;
        let read = refused.since.elapsed() >= CAUTION;
        read.then(|| (refused.session.clone(), refused.grant.clone()))
    }

    /// A row for each, with the name of its run made short by `short`.
    pub(super) fn rows(&self, short: impl Fn(&str) -> String) -> Vec<String> {
        let rows = self.places.iter().enumerate().filter_map(|(index, place)| {
            let Refused { session, grant, what, .. } = place.as_ref()?;
            Some(format!("{}  {}  {}", index + 1, short(session), plain(&format!("{}: {what}", grant.words()))))
        });
        let mut rows: Vec<String> = rows.collect();
        if self.others > 0 {
            rows.push(format!("   and {} more", self.others));
        }
        rows
    }

    fn add(&mut self, session: &str, grant: Grant, what: String) {
        let known = |refused: &Refused| refused.session == session && refused.grant.covers(&grant);
        if self.places.iter().flatten().any(known) {
            return;
        }
        match self.places.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(Refused { session: session.to_owned(), grant, what, since: Instant::now() });
            }
            None => self.others += 1,
        }
    }

    fn forget(&mut self, is_it: impl Fn(&Refused) -> bool) {
        for place in &mut self.places {
            place.take_if(|refused| is_it(refused));
        }
        self.others = 0;
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
