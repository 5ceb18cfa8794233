//! What gate and supervisor say to each other: one JSON message in each packet of a `SOCK_SEQPACKET` pair.
//!
//! The first packet is short and carries descriptors: a memory file with the [`Start`] message, which may be larger than
//! a packet can be, and the sockets. After it the gate sends [`Report`]s and gets [`Order`]s.

mod order;
mod report;
mod start;
mod transport;

pub use order::{Answer, Order};
pub use report::{End, Endpoint, Process, Report, SecretEvent, Verdict, Way};
pub use start::{Credentials, LentSecret, Scheme, SocketRole, Start, Upstream};
pub(crate) use transport::{Inbox, Outbox, open};
pub use transport::{LinkError, decode, encode, receive_start, send_start};

/// The version of these messages. Gate and supervisor are one program, so another version is a mistake.
pub const VERSION: u32 = 1;

/// Largest [`Start`] message, in bytes.
pub const START_BYTES_MAX: usize = 1 << 20;

/// Largest message after it, in bytes: below what a packet holds with the buffers of an ordinary system.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Most sockets that are handed over.
pub const SOCKETS_MAX: usize = 64;
