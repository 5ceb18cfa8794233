//! The tamper-evident record of what happened in sessions.
#![forbid(unsafe_code)]

pub mod event;
mod record;
mod text;
mod timestamp;

pub use event::Event;
pub use record::Record;
pub use text::Text;
pub use timestamp::Timestamp;
