//! Log records of OpenTelemetry, sent to a collector by OTLP over HTTP in its JSON encoding:
//! <https://opentelemetry.io/docs/specs/otlp/>.
//!
//! A session is a trace ([`trace_id`]) of the service `pinfold`, and each of its events a log record. `docs/export.md` has
//! the names. Blocks the thread that calls. No proxy is used.

mod answer;
mod attributes;
mod batch;
mod client;
mod delivery;
mod endpoint;
mod error;
mod limits;
mod record;

use tokio::runtime::{self, Runtime};

pub use answer::{Answer, Meaning};
pub use endpoint::Endpoint;
pub use error::{Error, Unfinished};
pub use record::trace_id;

use crate::Record;
use crate::event::Start;
use crate::export::sessions::Sessions;
use batch::Batch;
use delivery::Delivery;
use limits::WARNINGS_MAX;

/// How the sending went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records that the collector took.
    pub taken: u64,
    /// Records that it read and did not take.
    pub rejected: u64,
    /// Requests that it took.
    pub requests: u64,
    /// How often a request was sent again.
    pub retries: u64,
    /// What it said beside taking them, each once; the first ones.
    pub warnings: Vec<String>,
}

/// Sends records, in batches.
pub struct Sender {
    runtime: Runtime,
    delivery: Delivery,
    sessions: Sessions,
    batch: Batch,
    summary: Summary,
}

impl Sender {
    /// Begins; nothing is sent yet.
    pub fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Ok(Self {
            runtime: runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Begin)?,
            delivery: Delivery::new(endpoint)?,
            sessions: Sessions::default(),
            batch: Batch::default(),
            summary: Summary::default(),
        })
    }

    /// Tells who and where of a session whose `start` will not be sent.
    pub fn learn(&mut self, session: &str, start: &Start) {
        self.sessions.learn(session, start);
    }

    /// Adds a record, and sends what was gathered when that is enough.
    pub fn push(&mut self, session: &str, record: &Record) -> Result<(), Error> {
        let facts = self.sessions.facts(session, &record.event);
        let text = record::log_record(session, &facts, record)?;
        self.batch.push(session, || record::resource(&facts), &text);
        if self.batch.is_full() { self.flush() } else { Ok(()) }
    }

    /// Sends what was gathered.
    pub fn flush(&mut self) -> Result<(), Error> {
        let Some((body, records)) = self.batch.take() else { return Ok(()) };
        let taken = self.runtime.block_on(self.delivery.deliver(body.into()));
        self.summary.retries = self.delivery.retries;
        let taken = taken?;
        let rejected = taken.rejected.min(records);
        self.summary.requests += 1;
        self.summary.rejected += rejected;
        self.summary.taken += records - rejected;
        let warnings = &mut self.summary.warnings;
        if !taken.message.is_empty() && warnings.len() < WARNINGS_MAX && !warnings.contains(&taken.message) {
            warnings.push(taken.message);
        }
        Ok(())
    }

    /// How it went so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// Sends records, each with the name of its session, and waits until the collector has taken all of them.
pub fn send(endpoint: Endpoint, records: impl IntoIterator<Item = (String, Record)>) -> Result<Summary, Unfinished> {
    let mut sender = Sender::new(endpoint).map_err(|cause| Unfinished { summary: Summary::default(), cause })?;
    let pushed = records.into_iter().try_for_each(|(session, record)| sender.push(&session, &record));
    match pushed.and_then(|()| sender.flush()) {
        Ok(()) => Ok(sender.summary),
        Err(cause) => Err(Unfinished { summary: sender.summary, cause }),
    }
}
