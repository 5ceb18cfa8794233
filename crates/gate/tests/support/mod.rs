//! A gate in this process, with sockets on the host's loopback in place of those of a sandbox.
#![allow(dead_code, reason = "each test program uses a part")]

#[cfg(target_os = "linux")]
mod link_packets;
pub(crate) mod link_pipes;
pub(crate) mod peers;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pinfold_gate::link::{self, Order, Report, Start};
use pinfold_gate::{Arrival, Resolver, Search, Surroundings};
use pinfold_policy::{Layer, LayerKind, Places, Platform, Policy, Rules, merge, parse};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

#[cfg(target_os = "linux")]
pub(crate) use link_packets::*;
#[cfg(not(target_os = "linux"))]
pub(crate) use link_pipes::*;

/// How long anything that is expected may take.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The first address of the gate's pool.
pub(crate) const FIRST_NAME: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 18, 1, 0));

/// A gate that serves until it is dropped.
pub(crate) struct Gate {
    pub(crate) dns: SocketAddr,
    pub(crate) redirected: SocketAddr,
    pub(crate) proxy: SocketAddr,
    pub(crate) dns_tcp: SocketAddr,
    pub(crate) ca: Option<String>,
    link: Link,
    reports: Mutex<mpsc::UnboundedReceiver<Report>>,
}

/// What a user's policy says about the network in mode `rules`.
pub(crate) fn policy(network: &str) -> Policy {
    let text = format!("[network]\nmode = 'rules'\n{network}");
    let file = parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"));
    let places = Places { platform: Platform::Linux, workspace: "/w".into(), home: "/home/a".into() };
    merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy
}

/// Rules that let connections to this port of `a.example` through, which is this machine.
pub(crate) fn allow(port: u16) -> String {
    format!("allow = ['a.example:{port}', '127.0.0.1:{port}']")
}

/// The first message with rules, and nothing else.
pub(crate) fn start(network: &str) -> Start {
    Start {
        version: link::VERSION,
        rules: Rules::new(&policy(network)),
        secrets: Vec::new(),
        upstream: None,
        no_proxy: Vec::new(),
        ask: false,
        hosts: [].into(),
        search: Search::default(),
        init_pid: None,
        roots: Vec::new(),
        trusted: true,
        sockets: Vec::new(),
    }
}

/// Surroundings where every name is this machine's, and connections were meant for this port of the first name.
pub(crate) fn meant_for(port: u16) -> Surroundings {
    Surroundings {
        arrival: Arrival::Always(SocketAddr::new(FIRST_NAME, port)),
        resolver: Resolver::Told(Arc::new(|_| vec![Ipv4Addr::LOCALHOST.into()])),
    }
}

/// What a gate listens on.
pub(crate) struct Listeners {
    redirected: TcpListener,
    redirected_6: TcpListener,
    proxy: TcpListener,
    dns: UdpSocket,
    dns_tcp: TcpListener,
}

impl Listeners {
    /// On this port of both loopbacks what is redirected, and the others on any.
    pub(crate) fn new(port: u16) -> Self {
        let listener = || TcpListener::bind("127.0.0.1:0").expect("a listener");
        Self {
            redirected: TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a listener"),
            redirected_6: TcpListener::bind((Ipv6Addr::LOCALHOST, port)).expect("a listener"),
            proxy: listener(),
            dns: UdpSocket::bind("127.0.0.1:0").expect("a socket"),
            dns_tcp: listener(),
        }
    }
}

impl Gate {
    /// A gate for these rules, in which every connection that is redirected was meant for `port` of the first name.
    pub(crate) async fn with(network: &str, port: u16) -> Self {
        Self::start(start(network), meant_for(port)).await
    }

    pub(crate) async fn start(start: Start, surroundings: Surroundings) -> Self {
        Self::start_at(0, start, surroundings).await
    }

    /// A gate that listens on this port of both loopbacks for what is redirected.
    pub(crate) async fn start_at(port: u16, start: Start, surroundings: Surroundings) -> Self {
        let listeners = Listeners::new(port);
        let address = |listener: &TcpListener| listener.local_addr().expect("an address");
        let Listeners { redirected, proxy, dns, dns_tcp, .. } = &listeners;
        let (redirected, proxy, dns_tcp) = (address(redirected), address(proxy), address(dns_tcp));
        let dns = dns.local_addr().expect("an address");
        let link = Link::start(start, listeners, surroundings);
        let reports = Mutex::new(link.listen());
        let mut gate = Self { dns, redirected, proxy, dns_tcp, ca: None, link, reports };
        let ready = |report| if let Report::Ready { ca, proxy, .. } = report { Some((ca, proxy)) } else { None };
        let (ca, port) = gate.told(ready).await;
        assert_eq!(port, Some(proxy.port()));
        gate.ca = ca;
        gate
    }

    /// Waits for a report; those before it are passed over.
    pub(crate) async fn told<Told>(&self, pick: impl Fn(Report) -> Option<Told>) -> Told {
        let mut reports = self.reports.lock().await;
        let mut passed = Vec::new();
        let search = async {
            while let Some(report) = reports.recv().await {
                passed.push(report.clone());
                if let Some(told) = pick(report) {
                    return told;
                }
            }
            panic!("the gate is gone")
        };
        match timeout(SOON, search).await {
            Ok(told) => told,
            Err(_) => panic!("not told, but {passed:#?}"),
        }
    }

    /// The reason of the next refusal.
    pub(crate) async fn refusal(&self) -> String {
        self.told(|report| if let Report::Refused { verdict, .. } = report { Some(verdict.reason) } else { None }).await
    }

    pub(crate) fn order(&self, order: Order) {
        self.link.order(order);
    }

    /// Asks the gate's DNS; the code of the answer and its addresses.
    pub(crate) async fn look_up(&self, name: &str, kind: simple_dns::TYPE) -> (simple_dns::RCODE, Vec<IpAddr>) {
        use simple_dns::rdata::RData;
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        socket.send_to(&question(name, kind), self.dns).await.expect("sent");
        let mut bytes = [0; 1500];
        let length = timeout(SOON, socket.recv(&mut bytes)).await.expect("in time").expect("an answer");
        let answer = simple_dns::Packet::parse(&bytes[..length]).expect("a packet");
        let addresses = answer.answers.iter().filter_map(|record| match &record.rdata {
            RData::A(a) => Some(IpAddr::V4(a.address.into())),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.address.into())),
            _ => None,
        });
        (answer.rcode(), addresses.collect())
    }

    /// A connection that is redirected to the gate, after `name` was looked up as the first one.
    pub(crate) async fn connect(&self, name: &str) -> TcpStream {
        assert_eq!(self.look_up(name, simple_dns::TYPE::A).await.1, [FIRST_NAME]);
        TcpStream::connect(self.redirected).await.expect("a connection")
    }
}

/// A question to a DNS server.
pub(crate) fn question(name: &str, kind: simple_dns::TYPE) -> Vec<u8> {
    let mut packet = simple_dns::Packet::new_query(1);
    let class = simple_dns::QCLASS::CLASS(simple_dns::CLASS::IN);
    let name = simple_dns::Name::new(name).expect(name);
    packet.questions.push(simple_dns::Question::new(name, kind.into(), class, false));
    packet.build_bytes_vec().expect("a packet")
}

/// Is this Wine, and not the system that it stands in for?
pub(crate) fn is_wine() -> bool {
    cfg!(windows) && Path::new(r"C:\windows\system32\winecfg.exe").exists()
}

/// Was a connection reset? Wine shuts down what is closed, so that its peer sees an ordinary end.
pub(crate) fn is_reset(rest: std::io::Result<Vec<u8>>) -> bool {
    rest.map_or(true, |rest| is_wine() && rest.is_empty())
}
