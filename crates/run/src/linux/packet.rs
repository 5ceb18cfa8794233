//! What a socket has for its reader who does not wait: one JSON message in each packet, as on the gate's link.

use std::os::fd::BorrowedFd;

use pinfold_gate::link::{MESSAGE_BYTES_MAX, decode};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use serde::de::DeserializeOwned;

/// What there is.
pub(crate) enum Packet<Message> {
    /// Nothing yet.
    Nothing,
    /// The end: the other side is gone.
    End,
    /// A message.
    Message(Message),
    /// What is no message of this kind.
    Nonsense,
}

/// Takes the next packet.
pub(crate) fn next<Message: DeserializeOwned>(socket: BorrowedFd<'_>) -> rustix::io::Result<Packet<Message>> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    match recv(socket, &mut bytes[..], RecvFlags::DONTWAIT) {
        Ok((0, _)) | Err(Errno::CONNRESET) => Ok(Packet::End),
        Ok((length, _)) => {
            let message = decode(bytes.get(..length).unwrap_or_default());
            Ok(message.map_or(Packet::Nonsense, Packet::Message))
        }
        Err(Errno::AGAIN | Errno::INTR) => Ok(Packet::Nothing),
        Err(error) => Err(error),
    }
}
