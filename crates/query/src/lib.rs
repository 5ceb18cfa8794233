//! Questions in SQL about what a ledger holds, read-only.
//!
//! There is one table, `events`, with the columns that [`COLUMNS`] names: each event of each session is a row. It is read
//! from the logs while the question is answered; a condition on `session` or on `time` keeps other sessions unread. What
//! is read is not verified: `Ledger::verify` does that.
//!
//! SQLite answers, in a database of its own that is empty, holds nothing on any disk and lets nothing be written.
#![deny(unsafe_code)]

mod answer;
mod columns;
mod limits;
mod question;
mod scan;
mod sys;

pub use answer::{Answer, Cell};
pub use columns::COLUMNS;
pub use limits::Limits;
pub use question::{QueryError, query};
