//! Who is told of a run while it lives: its ledger, and whoever watches.

use std::ffi::OsString;

use pinfold_gate::link::Report;
use pinfold_policy::Rules;
use pinfold_run::control::Control;
use pinfold_run::{Orders, granted, seen};

use super::prepare::Prepared;
use super::record::Record;
use super::watch::Quarantined;
use crate::error::CliError;
use crate::record::Lines;
use crate::{ask, platform, remember};

/// They.
pub(super) struct Audience {
    lines: Option<Lines>,
    control: Option<Control>,
}

/// Lets others watch the run. Without questions it goes on where that cannot be.
pub(super) fn control(
    prepared: &Prepared,
    session: &str,
    command: &[OsString],
    asks: bool,
) -> Result<Option<Control>, CliError> {
    let introduction = ask::introduction(prepared.plan.workspace.clone(), &prepared.plan.profile, None, command);
    let remember = remember::in_user_policy(Rules::new(&prepared.policy), prepared.context.user_policy());
    let opened = Control::open(session, introduction, remember);
    let opened = opened.map_err(|source| NotOpened { session: session.to_owned(), source });
    ask::needed(opened, asks)
}

/// Why nobody can watch.
#[derive(Debug, thiserror::Error)]
#[error("failed to open the control pipe of run {session}")]
struct NotOpened {
    session: String,
    source: std::io::Error,
}

impl Audience {
    pub(super) fn new(record: &Record, control: Option<Control>) -> Self {
        Self { lines: record.lines(), control }
    }

    /// Who tells them what the gate has seen.
    pub(super) fn of_gate(&self) -> impl FnMut(&Report) + Send + 'static {
        let (lines, teller) = (self.lines.clone(), self.control.as_ref().map(Control::teller));
        move |report| {
            if let Some((lines, event)) = lines.as_ref().zip(seen(report)) {
                // Who cannot write it says so at the end.
                let _ = lines.event(event);
            }
            teller.iter().for_each(|teller| teller.seen(report));
        }
    }

    /// From now on a gate waits for what watchers answer.
    pub(super) fn answer_to(&self, orders: Orders) {
        let Some(control) = &self.control else { return };
        let (lines, user) = (self.lines.clone(), platform::user().name);
        control.teller().gate_waits(Box::new(move |question, answer| {
            lines.iter().for_each(|lines| drop(lines.event(granted(question, answer, &user))));
            orders.answer(question.id, answer);
        }));
    }

    /// No gate waits any more.
    pub(super) fn gate_has_ended(&self) {
        self.control.iter().for_each(|control| control.teller().gate_has_ended());
    }

    /// Tells what was moved away, which the ledger has from elsewhere.
    pub(super) fn quarantined(&self, quarantined: &[Quarantined]) {
        let Some(control) = &self.control else { return };
        for Quarantined { path, moved_to } in quarantined {
            control.teller().quarantined(path.clone(), moved_to.clone());
        }
    }
}
