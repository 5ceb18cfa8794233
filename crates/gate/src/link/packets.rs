//! Packets of a `SOCK_SEQPACKET` pair: the first one synchronously with descriptors, the others beside everything else.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::FdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use tokio::net::UnixDatagram;

use super::boxes::{Inbox, Incoming, Outbox, Outgoing, boxes};
use super::message::{decode_start, encode_start};
use super::{Link, LinkError, MESSAGE_BYTES_MAX, Order, SOCKETS_MAX, START_BYTES_MAX, Start, decode, encode};

/// The text of the first packet.
const GREETING: &[u8] = b"pinfold gate 1";

/// One end of the pair.
#[derive(Debug)]
pub struct Packets(OwnedFd);

impl From<OwnedFd> for Link {
    fn from(link: OwnedFd) -> Self {
        Self::Packets(Packets(link))
    }
}

/// Sends a gate its first message. `sockets` are in the order of `start.sockets`; the caller keeps and closes its own.
///
/// # Errors
/// When the message is larger than [`START_BYTES_MAX`] or the link is closed.
pub fn send_start(link: BorrowedFd<'_>, start: &Start, sockets: &[BorrowedFd<'_>]) -> Result<(), LinkError> {
    let text = encode_start(start)?;
    if sockets.len() != start.sockets.len() || sockets.len() > SOCKETS_MAX {
        return Err(LinkError::Malformed("other sockets than announced"));
    }
    let mut file =
        File::from(memfd_create("gate", MemfdFlags::CLOEXEC).map_err(|error| LinkError::Send(error.into()))?);
    file.write_all(&text).and_then(|()| file.rewind()).map_err(LinkError::Send)?;
    let descriptors: Vec<_> = std::iter::once(file.as_fd()).chain(sockets.iter().copied()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX + 1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let sent = rustix::net::sendmsg(link, &[IoSlice::new(GREETING)], &mut control, SendFlags::NOSIGNAL);
    sent.map(drop).map_err(|error| LinkError::Send(error.into()))
}

/// Waits for the first message of a link that does not belong to a runtime yet. Whether the sockets are those that it
/// announces is seen when they are sorted ([`Sockets::sort`](crate::Sockets::sort)).
///
/// # Errors
/// For everything else that [`send_start`] does not send.
pub fn receive_start(link: BorrowedFd<'_>) -> Result<(Start, Vec<OwnedFd>), LinkError> {
    let mut descriptors = receive_descriptors(link)?.into_iter();
    let file = descriptors.next().ok_or(LinkError::Malformed("without descriptors"))?;
    let start = read_start(File::from(file))?;
    Ok((start, descriptors.collect()))
}

fn receive_descriptors(link: BorrowedFd<'_>) -> Result<Vec<OwnedFd>, LinkError> {
    let mut bytes = [0; 64];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX + 1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received =
        rustix::net::recvmsg(link, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC);
    let received = received.map_err(|error| LinkError::Receive(error.into()))?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let cut = received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    match bytes.get(..received.bytes) == Some(GREETING) && !cut {
        true => Ok(descriptors),
        false => Err(LinkError::Malformed("no greeting of this version")),
    }
}

fn read_start(file: File) -> Result<Start, LinkError> {
    let mut text = Vec::new();
    file.take(START_BYTES_MAX as u64 + 1).read_to_end(&mut text).map_err(LinkError::Receive)?;
    decode_start(&text)
}

impl Packets {
    /// Takes a link into the runtime. To the runtime it is a socket of datagrams: packets have bounds there too.
    pub(super) fn open(self) -> Result<(Inbox, Outbox), LinkError> {
        let Self(link) = self;
        rustix::io::fcntl_setfd(&link, FdFlags::CLOEXEC).map_err(|error| LinkError::Receive(error.into()))?;
        rustix::io::ioctl_fionbio(&link, true).map_err(|error| LinkError::Receive(error.into()))?;
        let link = Arc::new(UnixDatagram::from_std(link.into()).map_err(LinkError::Receive)?);
        let (own, (incoming, outgoing)) = boxes();
        tokio::spawn(fetch(link.clone(), incoming));
        tokio::spawn(post(link, outgoing));
        Ok(own)
    }
}

async fn fetch(link: Arc<UnixDatagram>, orders: Incoming) {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX + 1];
    loop {
        let order: Result<Order, _> = match link.recv(&mut bytes).await {
            Ok(0) => return,
            Ok(length) => decode(bytes.get(..length).unwrap_or_default()),
            Err(error) => Err(LinkError::Receive(error)),
        };
        let last = order.is_err();
        if orders.send(order).await.is_err() || last {
            return;
        }
    }
}

async fn post(link: Arc<UnixDatagram>, mut outgoing: Outgoing) {
    while let Some(report) = outgoing.reports.recv().await {
        // Every text in a report is cut where it is made, so none is too large.
        if let Ok(bytes) = encode(&report)
            && link.send(&bytes).await.is_err()
        {
            return;
        }
        outgoing.count_sent();
    }
}
