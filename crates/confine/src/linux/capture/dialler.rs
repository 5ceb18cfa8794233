//! Sockets on demand, for whoever stands outside and wants to reach a port inside: a socket that is made here connects
//! here, whoever holds it.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv,
    sendmsg, socket_with, socketpair,
};

use super::super::error::{ConfineError, Context};

/// Asks for a socket of IPv4, and goes before one in the answer.
const V4: u8 = b'4';
/// The same for IPv6.
const V6: u8 = b'6';
/// In the answer: there is none.
const NONE: u8 = b'-';

/// Both ends: the first stays, the second is handed out.
pub(in crate::linux) fn pair() -> Result<(OwnedFd, OwnedFd), ConfineError> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).step("make a socket pair")
}

/// Answers one request. False when there will be no other.
pub(in crate::linux) fn answer(requests: &OwnedFd) -> bool {
    let mut wanted = [0];
    let family = match recv(requests, &mut wanted[..], RecvFlags::DONTWAIT) {
        Ok((1, _)) if wanted == [V4] => AddressFamily::INET,
        Ok((1, _)) if wanted == [V6] => AddressFamily::INET6,
        Err(Errno::AGAIN | Errno::INTR) => return true,
        _ => return false,
    };
    let made = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).ok();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<_> = made.iter().map(AsFd::as_fd).collect();
    let answer = if descriptors.is_empty() { [NONE] } else { wanted };
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    sendmsg(requests, &[IoSlice::new(&answer)], &mut control, SendFlags::NOSIGNAL).is_ok()
}
