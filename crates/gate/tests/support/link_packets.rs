//! A pair of sockets between a gate in this process and its test.

use std::os::fd::{AsFd, OwnedFd};

use pinfold_gate::link::{self, Order, Report, SocketRole, Start};
use pinfold_gate::{Sockets, Surroundings, serve_in};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};
use tokio::sync::mpsc;

use super::Listeners;

/// The supervisor's end.
pub(crate) struct Link(OwnedFd);

/// A pair of sockets such as gate and supervisor have.
pub(crate) fn link_pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).expect("a pair of sockets")
}

impl Link {
    /// Starts a gate that gets these sockets over the link.
    pub(crate) fn start(mut start: Start, listeners: Listeners, surroundings: Surroundings) -> Self {
        start.sockets =
            vec![SocketRole::Tcp4, SocketRole::Tcp6, SocketRole::Proxy, SocketRole::DnsUdp, SocketRole::DnsTcp];
        let (own, theirs) = link_pair();
        let Listeners { redirected, redirected_6, proxy, dns, dns_tcp } = &listeners;
        let sockets = [redirected.as_fd(), redirected_6.as_fd(), proxy.as_fd(), dns.as_fd(), dns_tcp.as_fd()];
        link::send_start(own.as_fd(), &start, &sockets).expect("sent");
        std::thread::spawn(move || {
            let (start, descriptors) = link::receive_start(theirs.as_fd()).expect("received");
            let sockets = Sockets::sort(&start.sockets, descriptors).expect("sorted");
            serve_in(start, sockets, theirs, surroundings).expect("served");
        });
        Self(own)
    }

    pub(crate) fn order(&self, order: Order) {
        let bytes = link::encode(&order).expect("a message");
        rustix::net::send(&self.0, &bytes, SendFlags::NOSIGNAL).expect("sent");
    }

    pub(crate) fn listen(&self) -> mpsc::UnboundedReceiver<Report> {
        let link = self.0.try_clone().expect("a copy");
        let (sender, reports) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; link::MESSAGE_BYTES_MAX];
            while let Ok((length @ 1.., _)) = rustix::net::recv(&link, &mut *bytes, RecvFlags::empty()) {
                let report = link::decode(&bytes[..length]).expect("a report");
                if sender.send(report).is_err() {
                    return;
                }
            }
        });
        reports
    }
}
