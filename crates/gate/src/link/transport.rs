//! Packets with messages: the first one synchronously with descriptors, the others beside everything else.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::FdFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixDatagram;
use tokio::sync::{mpsc, watch};

use super::{MESSAGE_BYTES_MAX, Order, Report, SOCKETS_MAX, START_BYTES_MAX, Start, VERSION};
use crate::limits::REPORTS_WAITING_MAX;

/// The text of the first packet.
const GREETING: &[u8] = b"pinfold gate 1";

/// Why nothing could be said or heard.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link cannot be written.
    #[error("failed to send a message")]
    Send(#[source] io::Error),
    /// The link cannot be read.
    #[error("failed to receive a message")]
    Receive(#[source] io::Error),
    /// A message is none.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// A message is none by its JSON.
    #[error("malformed message")]
    Json(#[from] serde_json::Error),
}

/// The bytes of a message.
///
/// # Errors
/// When it is larger than [`MESSAGE_BYTES_MAX`].
pub fn encode<Message: Serialize>(message: &Message) -> Result<Vec<u8>, LinkError> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() <= MESSAGE_BYTES_MAX { Ok(bytes) } else { Err(LinkError::Malformed("larger than a packet")) }
}

/// Reads a message.
///
/// # Errors
/// For everything that [`encode`] does not write.
pub fn decode<Message: DeserializeOwned>(bytes: &[u8]) -> Result<Message, LinkError> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(LinkError::Malformed("larger than a packet"));
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// Sends a gate its first message. `sockets` are in the order of `start.sockets`; the caller keeps and closes its own.
///
/// # Errors
/// When the message is larger than [`START_BYTES_MAX`] or the link is closed.
pub fn send_start(link: BorrowedFd<'_>, start: &Start, sockets: &[BorrowedFd<'_>]) -> Result<(), LinkError> {
    let text = serde_json::to_vec(start)?;
    if text.len() > START_BYTES_MAX {
        return Err(LinkError::Malformed("more rules and secrets than fit"));
    }
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
    if text.len() > START_BYTES_MAX {
        return Err(LinkError::Malformed("more rules and secrets than fit"));
    }
    let start: Start = serde_json::from_slice(&text)?;
    match start.version {
        VERSION => Ok(start),
        _ => Err(LinkError::Malformed("of another version")),
    }
}

/// Where reports are handed in. They wait in a queue of [`REPORTS_WAITING_MAX`]; when the supervisor does not read, what
/// would report waits too, so that nothing happens unseen.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Report>,
    /// How many are handed in and not yet sent.
    unsent: watch::Sender<usize>,
}

/// Where orders are taken out. The end of it is the end of the link.
#[derive(Debug)]
pub(crate) struct Inbox(Arc<UnixDatagram>);

/// Takes a link into the runtime. To the runtime it is a socket of datagrams: packets have bounds there too.
pub(crate) fn open(link: OwnedFd) -> Result<(Inbox, Outbox), LinkError> {
    rustix::io::fcntl_setfd(&link, FdFlags::CLOEXEC).map_err(|error| LinkError::Receive(error.into()))?;
    rustix::io::ioctl_fionbio(&link, true).map_err(|error| LinkError::Receive(error.into()))?;
    let link = Arc::new(UnixDatagram::from_std(link.into()).map_err(LinkError::Receive)?);
    let (outbox, waiting) = mpsc::channel(REPORTS_WAITING_MAX);
    let unsent = watch::Sender::new(0);
    tokio::spawn(post(link.clone(), waiting, unsent.clone()));
    Ok((Inbox(link), Outbox { sender: outbox, unsent }))
}

impl Outbox {
    /// Hands in a report. A link that has closed swallows it: the gate is about to end.
    pub(crate) async fn send(&self, report: Report) {
        self.unsent.send_modify(|unsent| *unsent += 1);
        let _ = self.sender.send(report).await;
    }

    /// Waits until everything that was handed in has been sent.
    pub(crate) async fn flush(&self) {
        let _ = self.unsent.subscribe().wait_for(|unsent| *unsent == 0).await;
    }
}

impl Inbox {
    /// The next order; nothing when the link has closed.
    pub(crate) async fn next(&self) -> Result<Option<Order>, LinkError> {
        let mut bytes = vec![0; MESSAGE_BYTES_MAX + 1];
        let length = self.0.recv(&mut bytes).await.map_err(LinkError::Receive)?;
        if length == 0 { Ok(None) } else { decode(bytes.get(..length).unwrap_or_default()).map(Some) }
    }
}

async fn post(link: Arc<UnixDatagram>, mut waiting: mpsc::Receiver<Report>, unsent: watch::Sender<usize>) {
    while let Some(report) = waiting.recv().await {
        // Every text in a report is cut where it is made, so none is too large.
        if let Ok(bytes) = encode(&report)
            && link.send(&bytes).await.is_err()
        {
            return;
        }
        unsent.send_modify(|unsent| *unsent -= 1);
    }
}
