//! The sockets on which a gate serves.

use std::net::{TcpListener, UdpSocket};

use crate::system::DiallerSocket;

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
    pub dialler: Option<DiallerSocket>,
    /// Ports of the sandbox's, where the host shows them.
    pub published: Vec<(u16, TcpListener)>,
}
