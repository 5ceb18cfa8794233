//! The tamper-evident record of what happened in sessions.
#![forbid(unsafe_code)]

mod appender;
mod checkpoint;
mod error;
pub mod event;
mod filter;
mod flaw;
mod head;
mod heads;
mod key;
mod ledger;
mod limits;
mod line;
mod lines;
mod merkle;
mod places;
mod proof;
mod prune;
mod record;
mod records;
mod recover;
mod running;
mod sessions;
mod tail;
mod text;
mod timestamp;
mod verify;
mod writer;

pub use checkpoint::Checkpoint;
pub use error::LedgerError;
pub use event::Event;
pub use filter::Filter;
pub use flaw::{Flaw, What};
pub use key::PublicKey;
pub use ledger::Ledger;
pub use limits::{CHECKPOINT_BYTES_MAX, Limits, PROOF_BYTES_MAX, RECORD_BYTES_MAX, SESSION_NAME_BYTES_MAX};
pub use proof::{Proof, ProofError};
pub use prune::Retention;
pub use record::Record;
pub use records::{RecordError, Records};
pub use recover::Recovered;
pub use sessions::{Session, State};
pub use text::Text;
pub use timestamp::Timestamp;
pub use verify::{Note, Scope, Verified};
pub use writer::Writer;
