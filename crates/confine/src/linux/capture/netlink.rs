//! Requests to the kernel by netlink(7), and its answers.

use std::io;
use std::os::fd::OwnedFd;

use netlink_packet_core::{
    DefaultNla, Emitable, NLA_F_NESTED, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, NLMSG_ERROR,
    NetlinkBuffer, NetlinkHeader,
};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// Bytes of a header, whose fields come before the payload.
const HEADER_BYTES: usize = 16;

/// Longest answer that is read, in bytes: errors repeat the request.
const MAX_ANSWER_BYTES: usize = 8192;

/// An attribute.
pub(super) fn attribute(kind: u16, value: impl Into<Vec<u8>>) -> DefaultNla {
    DefaultNla::new(kind, value.into())
}

/// An attribute whose value is attributes.
pub(super) fn nested(kind: u16, attributes: &[DefaultNla]) -> DefaultNla {
    attribute(kind | NLA_F_NESTED, bytes(&attributes))
}

fn bytes(value: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; value.buffer_len()];
    value.emit(&mut bytes);
    bytes
}

/// Messages that go to the kernel in one piece.
#[derive(Default)]
pub(super) struct Request {
    bytes: Vec<u8>,
    /// How many of them the kernel shall confirm.
    confirmed: u32,
    messages: u32,
}

impl Request {
    /// Adds a message that makes something, after what there is of its kind, and that the kernel confirms.
    #[must_use]
    pub(super) fn create(mut self, kind: u16, family_header: &[u8], attributes: &[DefaultNla]) -> Self {
        self.confirmed += 1;
        self.add(kind, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, family_header, attributes)
    }

    /// Adds a message that is not confirmed.
    #[must_use]
    pub(super) fn note(self, kind: u16, family_header: &[u8]) -> Self {
        self.add(kind, NLM_F_REQUEST, family_header, &[])
    }

    fn add(mut self, kind: u16, flags: u16, family_header: &[u8], attributes: &[DefaultNla]) -> Self {
        let payload = [family_header, &bytes(&attributes)].concat();
        let mut header = NetlinkHeader::default();
        header.length = (HEADER_BYTES + payload.len()) as u32;
        header.message_type = kind;
        header.flags = flags;
        header.sequence_number = self.messages;
        self.messages += 1;
        self.bytes.extend(bytes(&header));
        self.bytes.extend(payload);
        self
    }

    /// Asks the kernel, which answers before the call that sends returns. No protocol is `NETLINK_ROUTE`.
    ///
    /// # Errors
    /// The first that the kernel names.
    pub(super) fn send(self, protocol: Option<Protocol>) -> io::Result<()> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        sendto(&socket, &self.bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut missing = self.confirmed;
        while missing > 0 {
            missing = missing.saturating_sub(confirmations(&socket)?);
        }
        Ok(())
    }
}

/// Reads one datagram of answers and counts the confirmations in it.
fn confirmations(socket: &OwnedFd) -> io::Result<u32> {
    let mut buffer = [0; MAX_ANSWER_BYTES];
    let (length, _) = recv(socket, &mut buffer, RecvFlags::DONTWAIT)?;
    let (mut rest, mut confirmed) = (&buffer[..length], 0);
    while !rest.is_empty() {
        let answer = NetlinkBuffer::new_checked(rest).map_err(|_| Errno::BADMSG)?;
        if answer.message_type() == NLMSG_ERROR {
            // `struct nlmsgerr` begins with the error number, negative, or 0 to confirm.
            let number = answer.payload().first_chunk().map(|number| i32::from_ne_bytes(*number));
            match number {
                Some(0) => confirmed += 1,
                number => return Err(io::Error::from_raw_os_error(number.map_or(libc::EBADMSG, i32::wrapping_neg))),
            }
        }
        let taken = (answer.length() as usize).next_multiple_of(4);
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(confirmed)
}
