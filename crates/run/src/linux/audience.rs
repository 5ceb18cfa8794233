//! Who is told of a run while it lives: its ledger, and whoever watches.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use pinfold_gate::link::{Answer, Report};
use rustix::event::PollFlags;

use crate::linux::control::Control;
use crate::linux::record::Recorder;
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

    /// What questions were answered with, by their numbers. `waits`: there is still a gate that waits for that.
    pub(crate) fn answers(&mut self, waits: bool) -> Vec<(u64, Answer)> {
        let answered = self.control.as_mut().map(|control| control.answers(waits)).unwrap_or_default();
        answered.iter().for_each(|(question, answer)| self.recorder.answered(question, *answer));
        answered.into_iter().map(|(question, answer)| (question.id, answer)).collect()
    }
}
