//! A gate on systems where no connection is led to it: programs are told of its proxy, which listens on the loopback, and
//! the link are its standard input and output.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::limits::COPY_BYTES;
use crate::link::{Link, LinkError, Pipes, SocketRole, Start, frames};
use crate::sockets::Sockets;

/// There is no socket that asks for others.
pub(crate) type DiallerSocket = Infallible;

/// Nothing that a process can do by itself keeps others of the same user from reading it: the supervisor starts it where
/// what runs inside is another user or has a lesser token.
pub(crate) fn keep_to_itself() -> io::Result<()> {
    Ok(())
}

/// There is no limit to be raised.
pub(crate) fn raise_descriptors() {}

/// Takes the first message from the standard input, and makes the sockets that it asks for.
pub(crate) fn begin() -> Result<(Start, Sockets, Link), LinkError> {
    let mut input = io::stdin();
    let start = frames::receive_start(&mut input)?;
    let sockets = Sockets::make(&start.sockets)?;
    Ok((start, sockets, Pipes::new(input, io::stdout()).into()))
}

impl Sockets {
    /// Makes the sockets of these roles, of which none can be handed over here.
    ///
    /// # Errors
    /// When a role needs a network of the sandbox's own, or a port is taken.
    pub fn make(roles: &[SocketRole]) -> Result<Self, LinkError> {
        let mut sockets = Self::default();
        for role in roles {
            let SocketRole::ProxyHere { port } = role else {
                return Err(LinkError::Malformed("a socket that cannot be handed over"));
            };
            sockets.proxy.push(TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).map_err(LinkError::Listen)?);
        }
        Ok(sockets)
    }
}

/// No connection is redirected.
pub(crate) fn original_destination(_stream: &TcpStream, _own: SocketAddr) -> Option<SocketAddr> {
    None
}

/// Asks a peer that is silent whether it is still there, after so long.
pub(crate) fn keep_alive(stream: &TcpStream, after: Duration) -> io::Result<()> {
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(after))
}

/// Has the peer not closed it yet?
pub(crate) fn is_open(stream: &TcpStream) -> bool {
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Makes the end of a connection a reset, which nobody takes for the end of the data.
pub(crate) fn break_off(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Says that nothing more comes. What cannot be told so is gone already.
pub(crate) fn end_writing(stream: &TcpStream) {
    let _ = SockRef::from(stream).shutdown(Shutdown::Write);
}

thread_local! {
    static LOOKED_AT: RefCell<Box<[MaybeUninit<u8>]>> = RefCell::new(vec![MaybeUninit::uninit(); COPY_BYTES].into());
}

/// How many bytes there are to be read, of `most`; at least one, where nobody knows. They are looked at for it, as nothing
/// tells their number.
pub(crate) fn waiting_bytes(stream: &TcpStream, most: usize) -> usize {
    let looked_at = LOOKED_AT.with_borrow_mut(|buffer| SockRef::from(stream).peek(buffer));
    looked_at.unwrap_or(1).clamp(1, most)
}

/// There are no pipes past this process.
pub(crate) enum Lent {}

impl Lent {
    pub(crate) fn take() -> Option<Self> {
        None
    }

    pub(crate) fn fill(&mut self, _from: &TcpStream, _room: usize) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) async fn empty(&mut self, _to: &TcpStream) -> io::Result<()> {
        match *self {}
    }
}

/// There is no network of the sandbox's own.
#[derive(Debug)]
pub(crate) enum Dialler {}

impl Dialler {
    pub(crate) fn new(never: DiallerSocket) -> io::Result<Self> {
        match never {}
    }

    pub(crate) fn dial(&self, _port: u16) -> io::Result<std::net::TcpStream> {
        match *self {}
    }
}
