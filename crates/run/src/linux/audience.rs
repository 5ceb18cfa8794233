//! Who is told of a run while it lives: its ledger, and whoever watches.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use pinfold_gate::link::{Answer, Report};
use rustix::event::PollFlags;

use crate::control::{Grant, Outcome};
use crate::linux::control::{Asked, Control};
use crate::linux::record::Recorder;
use crate::linux::refused::Refused;
use crate::linux::watch::Quarantined;

pub(crate) struct Audience<'a> {
    /// Where others watch, if anybody can.
    pub(crate) control: Option<Control>,
    pub(crate) recorder: &'a mut Recorder,
}

impl Audience<'_> {
    /// What to wait for, and what it has to be ready for.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        self.control.iter().flat_map(Control::sources)
    }

    /// How long until a question is over.
    pub(crate) fn next_look(&self) -> Option<Duration> {
        self.control.as_ref().and_then(Control::next_look)
    }

    /// Takes in who comes and what is said.
    pub(crate) fn listen(&mut self) {
        self.control.iter_mut().for_each(Control::listen);
    }

    /// Tells what the gate has seen.
    pub(crate) fn seen(&mut self, report: &Report) {
        self.recorder.seen(report);
        self.control.iter_mut().for_each(|control| control.seen(report));
    }

    /// Tells what was moved away.
    pub(crate) fn quarantined(&mut self, taken: &[Quarantined]) {
        self.recorder.quarantined(taken);
        self.control.iter_mut().for_each(|control| control.quarantined(taken));
    }

    /// Tells of a path that was refused, and of what would let it through. The record has all of them at the end.
    pub(crate) fn refused(&mut self, refused: &Refused, grant: Option<Grant>) {
        if let Some(control) = &mut self.control {
            control.refused(refused, grant);
        }
    }

    /// Whether somebody has a wish.
    pub(crate) fn is_asked(&self) -> bool {
        self.control.as_ref().is_some_and(Control::is_asked)
    }

    /// The next wish.
    pub(crate) fn next_wish(&mut self) -> Option<Asked> {
        self.control.as_mut().and_then(Control::next_wish)
    }

    /// Says to whoever has a wish what has come of it.
    pub(crate) fn reply(&mut self, asked: &Asked, outcome: Outcome) {
        self.control.iter_mut().for_each(|control| control.reply(asked, outcome.clone()));
    }

    /// Tells what the run was given.
    pub(crate) fn granted(&mut self, grant: &Grant, for_ms: Option<u64>) {
        let time = |ms| format!("pinfold grant, for {} s", Duration::from_millis(ms).as_secs_f32());
        self.recorder.granted(grant, true, for_ms.map_or_else(|| "pinfold grant".to_owned(), time));
        self.control.iter_mut().for_each(|control| control.granted(grant, for_ms));
    }

    /// Tells what was taken back.
    pub(crate) fn revoked(&mut self, grant: &Grant, over: bool) {
        let how = if over { "its time was over" } else { "pinfold revoke" };
        self.recorder.granted(grant, false, how.to_owned());
        self.control.iter_mut().for_each(|control| control.revoked(grant, over));
    }

    /// What questions were answered with, by their numbers. `waits`: there is still a gate that waits for that.
    pub(crate) fn answers(&mut self, waits: bool) -> Vec<(u64, Answer)> {
        let answered = self.control.as_mut().map(|control| control.answers(waits)).unwrap_or_default();
        answered.iter().for_each(|(question, answer)| self.recorder.answered(question, *answer));
        answered.into_iter().map(|(question, answer)| (question.id, answer)).collect()
    }
}
