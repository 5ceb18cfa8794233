//! Sockets of the sandbox's own network, made there and handed out.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, connect, recvmsg, send};

use crate::limits::DIALLER_TIME;

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
    pub(crate) fn dial(&self, port: u16) -> io::Result<std::net::TcpStream> {
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
