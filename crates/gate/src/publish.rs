//! Ports inside that the host's loopback shows: whoever connects there is connected to the sandbox's own loopback.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use pinfold_policy::{Destination, Host};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, connect, recvmsg, send};
use tokio::net::TcpStream;

use crate::budget::Meter;
use crate::connection::Connection;
use crate::converse::end;
use crate::dial::settle;
use crate::limits::DIALLER_TIME;
use crate::link::Way;
use crate::relay::relay;
use crate::session::Session;
use crate::watch::Watch;

/// Where sockets are asked for: one byte for the version of IP, and the socket comes back. A socket connects in the
/// network namespace it was made in, whoever holds it.
#[derive(Debug)]
pub(crate) struct Dialler(Mutex<OwnedFd>);

impl Dialler {
    pub(crate) fn new(requests: OwnedFd) -> io::Result<Self> {
        set_socket_timeout(&requests, Timeout::Recv, Some(DIALLER_TIME))?;
        Ok(Self(Mutex::new(requests)))
    }

    /// A connection to this port of the sandbox's loopback, by the version of IP on which somebody listens.
    fn dial(&self, port: u16) -> io::Result<std::net::TcpStream> {
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        self.connected(b"4", v4).or_else(|_| self.connected(b"6", v6))
    }

    fn connected(&self, version: &[u8], address: SocketAddr) -> io::Result<std::net::TcpStream> {
        let socket = self.socket(version)?;
        // To a loopback there is nothing to wait for.
        connect(&socket, &address)?;
        Ok(socket.into())
    }

    fn socket(&self, version: &[u8]) -> io::Result<OwnedFd> {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        send(&*requests, version, SendFlags::NOSIGNAL)?;
        let mut answer = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        recvmsg(&*requests, &mut [IoSliceMut::new(&mut answer)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let socket = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
            _ => None,
        });
        socket.ok_or_else(|| io::Error::other("there is no socket inside"))
    }
}

/// Carries a connection from outside to a port inside.
pub(crate) async fn carry(connection: Arc<Connection>, outside: TcpStream, dialler: Arc<Dialler>) {
    let port = connection.to.port;
    let dialled = tokio::task::spawn_blocking(move || dialler.dial(port)).await;
    let inside = dialled.map_err(io::Error::other).flatten().and_then(|inside| {
        inside.set_nonblocking(true)?;
        TcpStream::from_std(inside)
    });
    let inside = match inside.and_then(|inside| settle(&inside).map(|()| inside)) {
        Ok(inside) => inside,
        // The caller sees it close, as a connection to a service that has just ended.
        Err(error) => return connection.failed(format!("nobody inside answers: {error}")).await,
    };
    let address = inside.peer_addr().ok().map(|address| address.ip());
    connection.connected(address, false, &connection.session.rules.published(port));
    let meter = Meter::without_budget();
    // What inside sends is what leaves.
    let done = relay(inside, outside, Vec::new(), Watch::Over, &meter).await;
    connection.closed(&meter, end(done)).await;
}

/// Serves one port.
pub(crate) async fn serve(listener: tokio::net::TcpListener, port: u16, dialler: Arc<Dialler>, session: Arc<Session>) {
    let to = Destination::new(Host::Address(Ipv4Addr::LOCALHOST.into()), port);
    let work = move |session: Arc<Session>, outside, client| {
        carry(Connection::new(&session, Way::Published, to.clone(), client), outside, dialler.clone())
    };
    crate::accept::accept(listener, session, work).await;
}
