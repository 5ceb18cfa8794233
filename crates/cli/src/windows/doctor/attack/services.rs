//! Services outside, and whether anybody has come.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};

use super::catalogue::Service;

/// What listens for one attack.
pub(super) enum Listener {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Listener {
    /// A new one, and where it listens. The error says why there can be none.
    pub(super) fn new(service: Service) -> Result<(Self, SocketAddr), String> {
        let made = match service {
            Service::Tcp => tcp(Ipv4Addr::LOCALHOST.into()),
            Service::TcpSix => tcp(Ipv6Addr::LOCALHOST.into()),
            Service::TcpHost => tcp(address_of_host().ok_or("this machine has no address but its loopback")?),
            Service::Udp => udp(Ipv4Addr::LOCALHOST.into()),
        };
        made.map_err(|error| format!("it cannot be prepared here: {error}"))
    }

    /// What waits in the kernel counts: nobody has to be quick.
    pub(super) fn was_called(&self) -> bool {
        match self {
            Self::Tcp(listener) => listener.accept().is_ok(),
            Self::Udp(socket) => socket.recv(&mut [0; 16]).is_ok(),
        }
    }
}

fn tcp(address: IpAddr) -> io::Result<(Listener, SocketAddr)> {
    let listener = TcpListener::bind((address, 0))?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    Ok((Listener::Tcp(listener), at))
}

fn udp(address: IpAddr) -> io::Result<(Listener, SocketAddr)> {
    let socket = UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    let at = socket.local_addr()?;
    Ok((Listener::Udp(socket), at))
}

/// The address that this machine has in its network, if any. Nothing is sent to learn it.
fn address_of_host() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// An address of a host that is kept for examples, where names can be looked up.
pub(super) fn far_away() -> Option<SocketAddr> {
    "example.com:80".to_socket_addrs().ok()?.find(SocketAddr::is_ipv4)
}
