//! The gate's sockets, made where the run is and handed out: a socket stays in the network namespace it was made in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_plan::{CAPTURE_PORT, DNS_PORT, GATE_ADDRESS, PROXY_PORT};

use super::super::error::{ConfineError, Context};

/// The gate's sockets.
#[derive(Debug)]
pub struct Sockets {
    /// Questions for names, by UDP.
    pub dns_udp: OwnedFd,
    /// Questions for names, by TCP.
    pub dns_tcp: OwnedFd,
    /// Programs that know proxies.
    pub proxy: OwnedFd,
    /// Where all TCP of IPv4 is redirected to, when the gate is transparent.
    pub tcp4: Option<OwnedFd>,
    /// The same for IPv6, where there is one.
    pub tcp6: Option<OwnedFd>,
    /// Where sockets are asked for that reach published ports.
    pub dialler: Option<OwnedFd>,
}

impl Sockets {
    /// In the order in which [`Sockets::from_descriptors`] takes them.
    pub(in crate::linux) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let always = [&self.dns_udp, &self.dns_tcp, &self.proxy];
        self.dialler.iter().chain(always).chain(&self.tcp4).chain(&self.tcp6).map(AsFd::as_fd).collect()
    }

    /// The sockets as they came, with a dialler or without; `None` when there are too few.
    pub(in crate::linux) fn from_descriptors(
        with_dialler: bool,
        descriptors: impl IntoIterator<Item = OwnedFd>,
    ) -> Option<Self> {
        let mut next = descriptors.into_iter();
        let dialler = if with_dialler { Some(next.next()?) } else { None };
        let [dns_udp, dns_tcp, proxy] = [next.next()?, next.next()?, next.next()?];
        Some(Self { dns_udp, dns_tcp, proxy, tcp4: next.next(), tcp6: next.next(), dialler })
    }
}

/// Makes them in the network namespace of this process. To use a low port takes a capability that it still has,
/// and that no program inside will have.
pub(super) fn make(transparent: bool, has_ipv6: bool) -> Result<Sockets, ConfineError> {
    let step = "listen for questions for names";
    let dns_udp = UdpSocket::bind((GATE_ADDRESS, DNS_PORT)).step(step)?.into();
    let dns_tcp = TcpListener::bind((GATE_ADDRESS, DNS_PORT)).step(step)?.into();
    let proxy = listen(Ipv4Addr::LOCALHOST.into(), PROXY_PORT)?;
    let tcp4 = transparent.then(|| listen(Ipv4Addr::LOCALHOST.into(), CAPTURE_PORT)).transpose()?;
    let wanted = transparent && has_ipv6;
    let tcp6 = wanted.then(|| listen(Ipv6Addr::LOCALHOST.into(), CAPTURE_PORT)).transpose()?;
    Ok(Sockets { dns_udp, dns_tcp, proxy, tcp4, tcp6, dialler: None })
}

fn listen(address: IpAddr, port: u16) -> Result<OwnedFd, ConfineError> {
    Ok(TcpListener::bind((address, port)).step("listen for connections")?.into())
}
