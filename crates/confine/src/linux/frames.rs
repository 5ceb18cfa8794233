//! Texts and descriptors on a link of packets: the length in bytes, with the descriptors, and then the text in pieces.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};

/// Longest piece, in bytes: well below what a socket holds at once.
const PIECE_BYTES: usize = 32 << 10;
/// Longest text, in bytes: a plan that hides a hundred thousand files has a tenth of it.
const MAX_BYTES: usize = 256 << 20;
/// Most descriptors of one text (`SCM_MAX_FD`, unix(7)).
const MAX_DESCRIPTORS: usize = 253;

/// Sends a text. One that nobody is left to hear is sent to nobody.
pub(super) fn send(link: impl AsFd, text: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if text.len() > MAX_BYTES || descriptors.len() > MAX_DESCRIPTORS {
        return Err(Errno::TOOBIG.into());
    }
    match send_all(link.as_fd(), text, descriptors) {
        Err(Errno::PIPE | Errno::CONNRESET) => Ok(()),
        other => Ok(other?),
    }
}

fn send_all(link: BorrowedFd<'_>, text: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    let length = text.len().to_le_bytes();
    rustix::net::sendmsg(link, &[IoSlice::new(&length)], &mut control, SendFlags::NOSIGNAL)?;
    text.chunks(PIECE_BYTES).try_for_each(|piece| rustix::net::send(link, piece, SendFlags::NOSIGNAL).map(drop))
}

/// Waits for a text. `None`: there is nobody any more who could send one.
pub(super) fn receive(link: impl AsFd) -> io::Result<Option<(Vec<u8>, VecDeque<OwnedFd>)>> {
    let link = link.as_fd();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut length = [0; size_of::<usize>()];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(link, &mut [IoSliceMut::new(&mut length)], &mut control, flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let descriptors = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    let descriptors = descriptors.collect();
    let mut text = vec![0; usize::from_le_bytes(length).min(MAX_BYTES)];
    let mut at = 0;
    while at < text.len() {
        match rustix::net::recv(link, &mut text[at..], RecvFlags::empty())? {
            (0, _) => return Ok(None),
            (bytes, _) => at += bytes,
        }
    }
    Ok(Some((text, descriptors)))
}
