//! What gate and supervisor say to each other, in JSON: [`Start`] first, then [`Report`]s one way and [`Order`]s the other.
//!
//! On Linux each is a packet of a `SOCK_SEQPACKET` pair. The first packet is short and carries descriptors: a memory file
//! with the [`Start`] message, which may be larger than a packet can be, and the sockets. Elsewhere they are [`frames`] in
//! two pipes, the gate's standard input and output.

mod boxes;
pub mod frames;
mod message;
mod order;
#[cfg(not(target_os = "linux"))]
#[path = "no_packets.rs"]
mod packets;
#[cfg(target_os = "linux")]
mod packets;
mod pipes;
mod report;
mod start;

pub(crate) use boxes::{Inbox, Outbox};
pub use message::{LinkError, decode, encode};
pub use order::{Answer, Order};
pub use packets::Packets;
#[cfg(target_os = "linux")]
pub use packets::{receive_start, send_start};
pub use pipes::Pipes;
pub use report::{End, Endpoint, Process, Report, SecretEvent, Verdict, Way};
pub use start::{Credentials, LentSecret, Scheme, SocketRole, Start, Upstream};

/// The version of these messages. Gate and supervisor are one program, so another version is a mistake.
pub const VERSION: u32 = 1;

/// Largest [`Start`] message, in bytes.
pub const START_BYTES_MAX: usize = 1 << 20;

/// Largest message after it, in bytes: below what a packet holds with the buffers of an ordinary system.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Most sockets that are handed over.
pub const SOCKETS_MAX: usize = 64;

/// A link as the gate has it, after the first message.
#[derive(Debug)]
pub enum Link {
    /// A pair of sockets.
    Packets(Packets),
    /// Two streams.
    Pipes(Pipes),
}

impl From<Pipes> for Link {
    fn from(pipes: Pipes) -> Self {
        Self::Pipes(pipes)
    }
}

/// Takes a link into the runtime.
pub(crate) fn open(link: Link) -> Result<(Inbox, Outbox), LinkError> {
    match link {
        Link::Packets(packets) => packets.open(),
        Link::Pipes(pipes) => pipes.open(),
    }
}
