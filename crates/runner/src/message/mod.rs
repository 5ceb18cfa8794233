//! What supervisor and runner say to each other.
//!
//! In order: [`Order::Hello`], [`Report::Ready`], [`Order::Start`]; then
//! [`Report::NotStarted`], and that is the end, or [`Report::Started`], streams in both directions, and
//! [`Report::Exited`] as the end.

mod chunk;
mod nonce;
mod not_started;
mod order;
mod report;
mod start;

pub use chunk::Chunk;
pub use nonce::Nonce;
pub use not_started::NotStarted;
pub use order::{Hello, Order};
pub use report::{Ready, Report, Stream, Usage};
pub use start::{Start, Stdio, TerminalSize};

/// The version of these messages. Supervisor and runner are one program, so another version is a mistake.
pub const VERSION: u32 = 1;
