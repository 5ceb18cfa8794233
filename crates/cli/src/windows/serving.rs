//! A gate that serves a run, what it sees, and who is told of it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use pinfold_gate::link::Start;
use pinfold_run::{Bundle, Gate, GateError, Traffic};

use super::audience::Audience;

/// It ends when this is dropped.
pub(super) struct Serving<'a> {
    gate: Gate,
    traffic: Arc<Mutex<Traffic>>,
    audience: &'a Audience,
}

impl<'a> Serving<'a> {
    /// Starts it; its certificate goes to `awaited`, what it sees and asks to the audience.
    pub(super) fn start(
        program: &Path,
        start: &Start,
        awaited: Option<Bundle>,
        audience: &'a Audience,
    ) -> Result<Self, GateError> {
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let (noted, mut tell) = (Arc::clone(&traffic), audience.of_gate());
        let gate = Gate::start(program, start, awaited, move |report| {
            tell(report);
            noted.lock().unwrap_or_else(PoisonError::into_inner).note(report.clone());
        })?;
        audience.answer_to(gate.orders());
        Ok(Self { gate, traffic, audience })
    }

    /// Ends it, and gives what it has seen.
    pub(super) fn end(self) -> Traffic {
        let ended_early = !self.gate.end();
        self.audience.gate_has_ended();
        let traffic = std::mem::take(&mut *self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
        Traffic { ended_early, ..traffic }
    }
}
