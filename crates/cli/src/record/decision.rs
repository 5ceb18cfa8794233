//! What the user decides outside of runs, each a session of the command that did it.

use std::path::Path;
use std::time::Instant;

use pinfold_ledger::Durability;
use pinfold_ledger::event::{End, Event, Start};

use super::pen::{PenError, Sheet};
use super::{Pen, RECORD_BYTES_MAX, caller};
use crate::context::Context;
use crate::error::NOT_STARTED;
use crate::platform;

/// A decision that is written down, while it is carried out.
pub(crate) struct Decision {
    pen: Pen,
    session: String,
    begun: Instant,
}

impl Decision {
    /// Writes down what is about to be done in a workspace. When this returns, it outlasts what `durability` says.
    pub(crate) fn begin(
        context: &Context,
        workspace: &Path,
        command: &str,
        event: Event,
        durability: Durability,
    ) -> Result<Self, String> {
        let session = platform::new_session_id();
        let start = Start {
            session: session.clone(),
            workspace: workspace.into(),
            command: command.split(' ').map(Into::into).collect(),
            ..caller()
        };
        let sheet = Sheet {
            directory: context.ledger(),
            session: session.clone(),
            durability,
            bytes_max: RECORD_BYTES_MAX,
            secrets: Vec::new(),
        };
        let pen = Pen::new(sheet, Event::Start(Box::new(start))).map_err(|error| error.to_string())?;
        pen.lines().event(event)?;
        pen.commit()?;
        Ok(Self { pen, session, begun: Instant::now() })
    }

    /// Under what name it is in the record.
    #[cfg_attr(windows, expect(dead_code, reason = "only what is done with stages is gone on with"))]
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Writes down how it came out.
    pub(crate) fn end(self, failure: Option<String>) -> Result<(), PenError> {
        let code = if failure.is_some() { NOT_STARTED.into() } else { 0 };
        if let Some(text) = failure {
            let _ = self.pen.lines().event(Event::Note { text });
        }
        let duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pen.end(End { code: Some(code), duration_ms, ..End::default() });
        self.pen.join()
    }
}
