//! Sockets that were made inside the sandbox and handed out.

use std::os::fd::OwnedFd;

use crate::link::{LinkError, SocketRole};
use crate::sockets::Sockets;

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
                SocketRole::ProxyHere { .. } => {
                    return Err(LinkError::Malformed("a socket of the gate's own comes along"));
                }
                SocketRole::Published { port } => sockets.published.push((*port, descriptor.into())),
            }
        }
        Ok(sockets)
    }
}
