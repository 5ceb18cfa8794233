//! What the supervisor sees of a run, as events of its ledger.

use std::fmt;

use pinfold_gate::link::{Answer, Report};
use pinfold_ledger::event::{self, Event};
use rustix::process::Signal;

use crate::control::{Grant, Question};
use crate::linux::exit::{End, Outcome};
use crate::linux::watch::Quarantined;

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
        if let Some(event) = crate::seen(report) {
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

    /// What the user has given to the run (`allow`), taken from it, or wished in vain.
    pub(crate) fn granted(&mut self, grant: &Grant, allow: bool, how: String) {
        self.take(Event::Grant { what: grant.words(), allow, by: self.user.clone(), how });
    }

    /// What the user has said to a question.
    pub(crate) fn answered(&mut self, question: &Question, answer: Answer) {
        self.take(crate::granted(question, answer, &self.user));
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
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
