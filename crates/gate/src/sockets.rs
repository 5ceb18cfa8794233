//! The sockets that were made inside the sandbox and handed out.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use crate::link::{LinkError, SocketRole};

/// Sockets by what they are for.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Connections are redirected here.
    pub redirected: Vec<TcpListener>,
    /// Questions for names.
    pub dns_udp: Vec<UdpSocket>,
    /// Questions for names over TCP.
    pub dns_tcp: Vec<TcpListener>,
    /// HTTP proxy and SOCKS5.
    pub proxy: Vec<TcpListener>,
    /// Where sockets of the sandbox's are asked for.
    pub dialler: Option<OwnedFd>,
    /// Ports of the sandbox's, where the host shows them.
    pub published: Vec<(u16, TcpListener)>,
}

impl Sockets {
    /// Puts descriptors, in the order of their roles, where they belong.
    ///
    /// # Errors
    /// When there are more or fewer than roles.
    pub fn sort(roles: &[SocketRole], descriptors: Vec<OwnedFd>) -> Result<Self, LinkError> {
        if roles.len() != descriptors.len() {
            return Err(LinkError::Malformed("other sockets than announced"));
        }
        let mut sockets = Self::default();
        for (role, descriptor) in roles.iter().zip(descriptors) {
            match role {
                SocketRole::Tcp4 | SocketRole::Tcp6 => sockets.redirected.push(descriptor.into()),
                SocketRole::DnsUdp => sockets.dns_udp.push(descriptor.into()),
                SocketRole::DnsTcp => sockets.dns_tcp.push(descriptor.into()),
                SocketRole::Proxy => sockets.proxy.push(descriptor.into()),
                SocketRole::Dialler => sockets.dialler = Some(descriptor),
                SocketRole::Published { port } => sockets.published.push((*port, descriptor.into())),
            }
        }
        Ok(sockets)
    }
}
