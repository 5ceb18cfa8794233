//! Who and where: what the start of a session tells of its other events.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Event;
use crate::event::{Start, User};

/// What is known of a session.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) agent: Option<String>,
    pub(super) user: Option<User>,
    /// The machine's name.
    pub(super) host: Option<String>,
    /// The version of pinfold.
    pub(super) version: Option<String>,
    /// The name of the command's program.
    pub(super) program: Option<String>,
}

impl From<&Start> for Facts {
    fn from(start: &Start) -> Self {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            agent: start.agent.clone(),
            user: Some(start.user.clone()),
            host: known(&start.host),
            version: known(&start.version),
            program: start.command.first().and_then(|program| known(base_name(program.as_str()))),
        }
    }
}

/// The sessions that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<String, Arc<Facts>>);

impl Sessions {
    pub(super) fn learn(&mut self, session: &str, start: &Start) {
        self.0.insert(session.to_owned(), Arc::new(start.into()));
    }

    /// What is known of the session of an event, which may tell it itself.
    pub(super) fn facts(&mut self, session: &str, event: &Event) -> Arc<Facts> {
        if let Event::Start(start) = event {
            self.learn(session, start);
        }
        let facts = self.0.get(session).cloned().unwrap_or_default();
        if let Event::End(_) = event {
            self.0.remove(session);
        }
        facts
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path)
}
