//! What programs inside try.

mod support;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use pinfold_gate::link::{End, Report};
use pinfold_gate::{Arrival, Resolver};
use pinfold_policy::BudgetName;
use support::peers::{client_1, echo, get, http_server, read, says};
use support::{FIRST_NAME, Gate, SOON, allow, meant_for, question, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A client hello with these extensions, in one record.
fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let length = (body.len() as u16).to_be_bytes();
    let record = (body.len() as u16 + 4).to_be_bytes();
    [&[22, 3, 1][..], &record, &[1, 0], &length, &body].concat()
}

fn server_name(name: &str) -> Vec<u8> {
    let length = name.len() as u16;
    let list = [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name.as_bytes()].concat();
    [&[0, 0][..], &(list.len() as u16).to_be_bytes(), &list].concat()
}

/// A gate that lets everything through to a server that says what it is told.
async fn open_gate() -> Gate {
    let port = echo().await;
    Gate::with(&allow(port), port).await
}

async fn answered(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.expect("written");
    let mut answer = vec![0; bytes.len()];
    let read = timeout(SOON, stream.read_exact(&mut answer)).await.expect("in time");
    read.is_ok() && answer == bytes
}

#[tokio::test]
async fn a_second_hello_cannot_name_another_host() {
    let (first, second) = (hello(&[server_name("a.example")]), hello(&[server_name("b.example")]));
    let gate = open_gate().await;
    let mut stream = gate.connect("a.example").await;
    assert!(answered(&mut stream, &first).await, "the control: the same name passes");
    assert!(answered(&mut stream, &first).await, "twice");

    let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
    assert!(answered(&mut stream, &first).await);
    assert!(!answered(&mut stream, &second).await);
    let end = |report| match report {
        Report::Closed { end: End::Stopped { what }, .. } => Some(what),
        _ => None,
    };
    assert_eq!(gate.told(end).await, "a second client hello names another host than the first");

    let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
    assert!(!answered(&mut stream, &[first, second].concat()).await, "both at once");
}

#[tokio::test]
async fn a_second_hello_cannot_hide_behind_what_servers_read_past() {
    let early_data = vec![0, 42, 0, 0];
    let second = hello(&[server_name("b.example")]);
    let alert = [21, 3, 3, 0, 2, 1, 90];
    let data = [&[23, 3, 3, 0, 64][..], &[7; 64]].concat();
    for (extension, between) in [(None, &alert[..]), (Some(early_data), &data)] {
        let first = hello(&[vec![server_name("a.example")], Vec::from_iter(extension)].concat());
        let gate = open_gate().await;
        let mut stream = gate.connect("a.example").await;
        assert!(answered(&mut stream, &first).await);
        assert!(answered(&mut stream, between).await, "the control: what comes between passes");
        assert!(!answered(&mut stream, &second).await);
    }
}

#[tokio::test]
async fn a_hello_cannot_hide_behind_what_servers_read_past() {
    let named = hello(&[server_name("b.example")]);
    let gate = open_gate().await;
    let mut stream = gate.connect("a.example").await;
    assert!(answered(&mut stream, b"\x13\x03\x03 and something else").await, "the control: what is no record passes");
    for (version, before) in [(3, &[21, 3, 1, 0, 2, 1, 90][..]), (3, &[20, 3, 3, 0, 1, 1]), (2, &[]), (0, &[])] {
        let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
        let hello = [&named[..1], &[version], &named[2..]].concat();
        assert!(!answered(&mut stream, &[before, &hello].concat()).await, "{version} {before:?}");
    }
}

#[tokio::test]
async fn a_hello_with_an_encrypted_part_does_not_pass_as_it_is() {
    let sealed = hello(&[server_name("a.example"), [&[0xfe, 0x0d, 0, 8][..], &[0; 8]].concat()]);
    let gate = open_gate().await;
    let mut stream = gate.connect("a.example").await;
    assert!(!answered(&mut stream, &sealed).await);
    let inspected = gate.told(|report| match report {
        Report::Connected { inspected, .. } => Some(inspected),
        _ => None,
    });
    assert!(inspected.await);
}

#[tokio::test]
async fn a_name_that_means_another_address_the_next_time_is_judged_again() {
    let port = http_server(None, |_| says("inside")).await;
    let rebound = Arc::new(AtomicBool::new(false));
    let mut surroundings = meant_for(port);
    let second = rebound.clone();
    surroundings.resolver = Resolver::Told(Arc::new(move |_| {
        // The host's own loopback, and then an address where clouds hand out credentials.
        vec![if second.load(Relaxed) { [169, 254, 169, 254].into() } else { IpAddr::V4(Ipv4Addr::LOCALHOST) }]
    }));
    let gate = Gate::start(start(&allow(port)), surroundings).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    assert_eq!(read(client.send_request(get("/", "a.example")).await.expect("an answer")).await.0, 200);
    rebound.store(true, Relaxed);
    let mut client = client_1(TcpStream::connect(gate.redirected).await.expect("a connection")).await;
    let (status, text) = read(client.send_request(get("/", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 403);
    assert!(text.contains("169.254.169.254 is an address where clouds hand out credentials"), "{text}");
}

#[tokio::test]
async fn a_literal_address_is_refused_unless_a_rule_names_it() {
    let mut surroundings = meant_for(80);
    for (address, why) in [
        ("169.254.169.254:80", "credentials"),
        ("127.0.0.1:80", "loopback"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1 is a private address"),
        ("1.1.1.1:80", "no rule in [network] names this host"),
        ("198.18.0.1:80", "no name in this run"),
    ] {
        surroundings.arrival = Arrival::Always(address.parse::<SocketAddr>().expect(address));
        let gate = Gate::start(start("allow = ['*:*']"), surroundings.clone()).await;
        let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
        stream.write_all(b"\0").await.expect("written");
        let reason = gate.refusal().await;
        assert!(reason.contains(why), "{address}: {reason}");
    }
}

#[tokio::test]
async fn the_hosts_loopback_is_reached_by_its_name_and_listed_ports_only() {
    let port = echo().await;
    for (rules, open) in [(format!("host-ports = [{port}]"), true), ("host-ports = [1]".to_owned(), false)] {
        let gate = Gate::with(&rules, port).await;
        let mut stream = gate.connect("host.pinfold.internal").await;
        assert_eq!(answered(&mut stream, b"\0").await, open);
    }
}

#[tokio::test]
async fn names_are_asked_for_over_tcp_as_well() {
    let gate = Gate::with("allow = ['a.example']", 443).await;
    let mut stream = TcpStream::connect(gate.dns_tcp).await.expect("a connection");
    for name in ["a.example", "b.example"] {
        let question = question(name, simple_dns::TYPE::A);
        stream.write_u16(question.len() as u16).await.expect("written");
        stream.write_all(&question).await.expect("written");
        let length = timeout(SOON, stream.read_u16()).await.expect("in time").expect("an answer");
        let mut answer = vec![0; length.into()];
        stream.read_exact(&mut answer).await.expect("an answer");
        let answer = simple_dns::Packet::parse(&answer).expect("a packet");
        assert_eq!(answer.answers.len(), usize::from(name == "a.example"));
    }
    stream.write_all(&[0xff, 0xff, 0]).await.expect("written");
    assert!(timeout(SOON, stream.read_u8()).await.expect("in time").is_err(), "too long a question ends it");
}

#[tokio::test]
async fn too_many_connections_in_a_second_wait_for_the_next_one() {
    let port = echo().await;
    let gate = Gate::with(&format!("{}\nbudget.connections-per-second = 3", allow(port)), port).await;
    drop(gate.connect("a.example").await);
    let connect = async || {
        let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
        assert!(answered(&mut stream, b"\0").await);
    };
    // A busy machine may need a second for four of them.
    let connecting = async {
        loop {
            connect().await;
        }
    };
    let frozen = gate.told(|report| if let Report::Frozen { budget, .. } = report { Some(budget) } else { None });
    let budget = tokio::select! { () = connecting => unreachable!(), budget = frozen => budget };
    assert_eq!(budget, BudgetName::ConnectionsPerSecond);
    connect().await;
}

#[tokio::test]
async fn many_connections_at_one_time_are_carried() {
    let gate = Arc::new(open_gate().await);
    assert_eq!(gate.look_up("a.example", simple_dns::TYPE::A).await.1, [FIRST_NAME]);
    // Each costs Wine's server much more than a system.
    let count = if support::is_wine() { 60 } else { 400 };
    let connections = (0..count).map(|_| {
        let address = gate.redirected;
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            assert!(answered(&mut stream, b"\0first").await);
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(answered(&mut stream, b"\0second").await);
        })
    });
    for connection in connections.collect::<Vec<_>>() {
        connection.await.expect("carried");
    }
}
