//! Ports inside that the host's loopback shows: whoever connects there is connected to the sandbox's own loopback.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, connect, recvmsg, send};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::limits::DIALLER_TIME;
use crate::session::Session;

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
pub(crate) async fn carry(mut outside: TcpStream, port: u16, dialler: Arc<Dialler>) {
    let dialled = tokio::task::spawn_blocking(move || dialler.dial(port)).await;
    // Nobody listens: the caller sees it close, as a connection to a service that has just ended.
    let Ok(Ok(inside)) = dialled else { return };
    let inside = inside.set_nonblocking(true).and_then(|()| TcpStream::from_std(inside));
    if let Ok(mut inside) = inside {
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
}

/// Serves one port.
pub(crate) async fn serve(listener: tokio::net::TcpListener, port: u16, dialler: Arc<Dialler>, session: Arc<Session>) {
    let work = move |_, outside, _| carry(outside, port, dialler.clone());
    crate::accept::accept(listener, session, work).await;
}
