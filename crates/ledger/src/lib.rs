//! The tamper-evident record of what happened in sessions.
//!
//! ```text
//! key, key.pub       an Ed25519 key, made at first use, and its public half for third parties
//! heads              the log of sessions: a record for each that began, ended, was looked at or pruned
//! sessions/ID/N      the log of one session: files of lines, N = 0, 1, 2 …
//! running/ID         there while the session is not closed, locked by its writer
//! heads.lock, .lock  locks, on Windows only
//! ```
//!
//! **A log** is lines of JSON, for `jq` and `grep`: place, moment, kind, what there is to tell, and a sum. Its lines
//! are the leaves of a Merkle tree (RFC 9162, section 2.1: a leaf is `SHA-256(0 ‖ line)`). Each group of lines is
//! followed by a *checkpoint*, a line that tells the root of the tree of all lines before it, with a signature.
//! Checkpoints are leaves as well, so that the last one vouches for all before it. The log of sessions is such a log
//! too, and its records tell size and root of sessions' logs: one signature there vouches for every line of every
//! closed session.
//!
//! **Writing.** [`Ledger::begin`] starts a thread for the session. [`Writer::append`] only hands over; the thread
//! writes soon, which survives the death of the process, and signs and waits for the disk at most every 50 ms or when
//! [`Writer::commit`] asks, which survives a power cut (unless the ledger's [`Durability`] asks for less). A session
//! needs no lock but at its begin and end, when it adds to the log of sessions. A session whose writer died is closed
//! by [`Ledger::recover`], as broken off.
//!
//! **The sum** of a line is an HMAC with a key that comes from the private key and the log's name. Signatures say
//! *that* something is wrong; the sums tell the owner *which* line is, and keep [`Ledger::recover`] from signing lines
//! that the writer did not write.
//!
//! # Who can do what
//!
//! *Somebody who can write the directory and has not the key* can destroy, and cannot forge. Changed, dropped,
//! repeated, moved and foreign lines, and logs that are gone, are found by [`Ledger::verify`]. Not found, without an
//! earlier checkpoint:
//! - that lines are missing at the end of a session that is not closed, behind its last checkpoint that somebody kept
//!   or [`Ledger::checkpoint`] wrote down: a power cut leaves the same. Closed sessions are whole or have a flaw;
//! - that the end of `heads` is missing together with the logs of all sessions that began there: that is an old copy;
//! - that the end of `heads` is missing, and the ends of the logs of sessions that began there: [`Ledger::recover`]
//!   takes it for a power cut, and [`Ledger::verify`] tells from then on that these sessions were found ([`Note::Found`]);
//! - that key, public key and ledger were replaced together. A third party keeps the key that it was told first.
//!
//! *Somebody with an old copy of the directory* can put it back. It verifies, as it is genuine. Against that helps only
//! what is kept elsewhere: a [`Checkpoint`] is five short lines to be mailed, printed or committed, and verifying
//! *against* it tells whether the ledger still holds all it held then.
//!
//! *Somebody with the key* can write another history, but not one that agrees with a checkpoint kept elsewhere or with
//! a [`Proof`] handed out.
//!
//! *Commands in a sandbox* see neither directory nor key. They can make many events: what there is no room for is
//! dropped, and the log says how many ([`Limits`]).
//!
//! The machine's clock is believed for moments, never for order: a clock that goes back is noted by [`Ledger::verify`].
//! Secrets are to be masked before [`Writer::append`]: what was written cannot be taken back.
#![forbid(unsafe_code)]

mod appender;
mod checkpoint;
mod error;
pub mod event;
pub mod export;
mod files;
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
mod redact;
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
pub use limits::{CHECKPOINT_BYTES_MAX, Durability, Limits, PROOF_BYTES_MAX, RECORD_BYTES_MAX, SESSION_NAME_BYTES_MAX};
pub use proof::{Proof, ProofError};
pub use prune::Retention;
pub use record::Record;
pub use records::{RecordError, Records};
pub use recover::Recovered;
pub use redact::{Redactor, TooManySecrets, VALUE_BYTES_MAX, VALUE_BYTES_MIN};
pub use sessions::{Session, State};
pub use text::{Text, deceives, plain};
pub use timestamp::Timestamp;
pub use verify::{Note, Scope, Verified};
pub use writer::Writer;
