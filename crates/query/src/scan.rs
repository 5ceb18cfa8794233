//! Goes through the events of those sessions that a question is about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pinfold_ledger::{Event, Ledger, LedgerError, Record, RecordError, Records, State};

/// What is read, and how much of it could not be.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) ledger: Ledger,
    pub(crate) unreadable: Arc<AtomicU64>,
}

/// Which sessions. What is not said is not asked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) session: Option<String>,
    /// Events are not before this time, in the letters of the ledger or fewer.
    pub(crate) since: Option<String>,
    /// Events are not after it.
    pub(crate) until: Option<String>,
}

/// An event, with what its session began with.
pub(crate) struct Row {
    pub(crate) session: Context,
    pub(crate) record: Record,
}

/// A session, as its rows tell of it.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) id: String,
    pub(crate) agent: Option<String>,
    pub(crate) workspace: Option<String>,
}

/// Goes from event to event.
pub(crate) struct Scan {
    source: Source,
    /// Names of sessions still to come, the last one first.
    sessions: Vec<String>,
    records: Option<Records>,
    /// Where it stands; nothing at the end.
    pub(crate) row: Option<Row>,
}

impl Scan {
    /// Stands at the first event.
    pub(crate) fn new(source: Source, wanted: Wanted) -> Result<Self, LedgerError> {
        let mut sessions = match wanted.session {
            // Whether it is there is seen when it is opened: the log of sessions may be long.
            Some(session) => vec![session],
            None => {
                source.ledger.sessions()?.into_iter().filter(|one| wanted.overlaps(one)).map(|one| one.id).collect()
            }
        };
        sessions.reverse();
        let mut scan = Self { source, sessions, records: None, row: None };
        scan.step()?;
        Ok(scan)
    }

    /// Goes to the next event.
    pub(crate) fn step(&mut self) -> Result<(), LedgerError> {
        let mut context = self.row.take().map(|row| row.session).unwrap_or_default();
        loop {
            match self.records.as_mut().map(Iterator::next) {
                Some(Some(Ok(record))) => {
                    if let Event::Start(start) = &record.event {
                        context.agent.clone_from(&start.agent);
                        context.workspace = Some(start.workspace.as_str().to_owned());
                    }
                    self.row = Some(Row { session: context, record });
                    return Ok(());
                }
                Some(Some(Err(RecordError::Ledger(error)))) => return Err(error),
                // The last line of a session that runs may not be whole yet.
                Some(Some(Err(RecordError::Unfinished { .. }))) => {}
                Some(Some(Err(_))) => drop(self.source.unreadable.fetch_add(1, Ordering::Relaxed)),
                Some(None) | None => {
                    let Some(id) = self.sessions.pop() else { return Ok(()) };
                    self.records = self.open(&id)?;
                    context = Context { id, ..Context::default() };
                }
            }
        }
    }

    /// Nothing for a session that is no more or never was.
    fn open(&self, id: &str) -> Result<Option<Records>, LedgerError> {
        match self.source.ledger.records(id) {
            Ok(records) => Ok(Some(records)),
            Err(LedgerError::NoSession(_) | LedgerError::Pruned(_) | LedgerError::Name { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Wanted {
    /// Can there be an event of that time in a session? Times are compared as the texts that they are. (Where the clock was
    /// set back below the beginning of a session, events of it may be passed over; by its name they are found.)
    fn overlaps(&self, session: &pinfold_ledger::Session) -> bool {
        let ended = match session.state {
            State::Ended { at } | State::BrokenOff { at } => Some(at.to_string()),
            State::Running | State::Left => None,
        };
        let begun_too_late = self.until.as_ref().is_some_and(|until| session.begun.to_string() > *until);
        let ended_too_early = self.since.as_ref().zip(ended).is_some_and(|(since, ended)| ended < *since);
        !session.pruned && !begun_too_late && !ended_too_early
    }
}
