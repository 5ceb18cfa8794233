//! The gate as a proxy that programs are told of, and the proxy that the gate is told of.

mod support;

use std::net::Ipv4Addr;

use pinfold_gate::link::{Credentials, Report, Scheme, Start, Upstream, Way};
use support::peers::{client_1, get, http_server, listener, read, says};
use support::{FIRST_NAME, Gate, SOON, allow, meant_for, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn scene() -> (Gate, u16) {
    let port = http_server(None, |request| {
        says(format!("{} {}", request.headers()["host"].to_str().expect("text"), request.uri()))
    })
    .await;
    let gate = Gate::with(&allow(port), port).await;
    (gate, port)
}

async fn way(gate: &Gate) -> Way {
    gate.told(|report| if let Report::Connected { way, .. } = report { Some(way) } else { None }).await
}

async fn proxy(gate: &Gate) -> TcpStream {
    TcpStream::connect(gate.proxy).await.expect("a connection")
}

async fn exactly(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(SOON, stream.read_exact(&mut bytes)).await.expect("in time").expect("an answer");
    bytes
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(exactly(stream, 1).await);
    }
    String::from_utf8(head).expect("text")
}

#[tokio::test]
async fn requests_with_absolute_targets_go_to_their_hosts() {
    let (gate, port) = scene().await;
    let mut client = client_1(proxy(&gate).await).await;
    for path in ["/1", "/2"] {
        let request = get(&format!("http://a.example:{port}{path}"), &format!("a.example:{port}"));
        let (status, text) = read(client.send_request(request).await.expect("an answer")).await;
        assert_eq!((status, text), (200, format!("a.example:{port} {path}")));
    }
    assert_eq!(way(&gate).await, Way::Proxy);
    let (status, text) =
        read(client.send_request(get("http://b.example/", "b.example")).await.expect("an answer")).await;
    assert_eq!(status, 403);
    assert!(text.contains("hint: run with --allow-host b.example"), "{text}");
    let fronted = get(&format!("http://a.example:{port}/"), "b.example");
    assert_eq!(read(client.send_request(fronted).await.expect("an answer")).await.0, 403);
    let (status, _) = read(client.send_request(get("/", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_tunnel_is_judged_and_looked_at_like_any_connection() {
    let (gate, port) = scene().await;
    let mut stream = proxy(&gate).await;
    let request = format!("CONNECT a.example:{port} HTTP/1.1\r\nHost: a.example:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    let mut client = client_1(stream).await;
    let (status, _) = read(client.send_request(get("/x", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 200);
    let (status, _) = read(client.send_request(get("/x", "b.example")).await.expect("an answer")).await;
    assert_eq!(status, 403);
    assert_eq!(way(&gate).await, Way::Connect);

    let mut stream = proxy(&gate).await;
    stream.write_all(b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n").await.expect("written");
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 403"));
}

async fn socks(gate: &Gate, host: &[u8], port: u16) -> (TcpStream, u8) {
    let mut stream = proxy(gate).await;
    stream.write_all(&[5, 1, 0]).await.expect("written");
    assert_eq!(exactly(&mut stream, 2).await, [5, 0]);
    stream.write_all(&[&[5, 1, 0][..], host, &port.to_be_bytes()].concat()).await.expect("written");
    let code = exactly(&mut stream, 10).await[1];
    (stream, code)
}

#[tokio::test]
async fn socks_takes_names_and_addresses() {
    let (gate, port) = scene().await;
    let (stream, code) = socks(&gate, b"\x03\x09a.example", port).await;
    assert_eq!(code, 0);
    let (status, _) = read(client_1(stream).await.send_request(get("/x", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 200);
    assert_eq!(way(&gate).await, Way::Socks);
    assert_eq!(socks(&gate, &[1, 127, 0, 0, 1], port).await.1, 0);
    for (host, port) in [
        (&b"\x03\x09b.example"[..], port),
        (b"\x03\x09a.example", 1),
        (&[1, 10, 0, 0, 1], port),
        (b"\x03\x060x7f.1", port),
    ] {
        assert_eq!(socks(&gate, host, port).await.1, 2, "{host:?}");
    }
    gate.look_up("a.example", simple_dns::TYPE::A).await;
    let std::net::IpAddr::V4(first) = FIRST_NAME else { panic!("IPv4") };
    assert_eq!(socks(&gate, &[&[1][..], &first.octets()].concat(), port).await.1, 0);
}

/// A proxy as companies have it, that sends everything to one server; what it was asked first.
async fn upstream(
    server: u16,
    answer: &'static [u8],
    asked: usize,
) -> (u16, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let (listener, port) = listener().await;
    let (sender, seen) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        if asked > 0 {
            exactly(&mut stream, 3).await;
            stream.write_all(&[5, 2]).await.expect("written");
            sender.send(exactly(&mut stream, 11).await).expect("a reader");
            stream.write_all(&[1, 0]).await.expect("written");
            sender.send(exactly(&mut stream, asked).await).expect("a reader");
        } else {
            sender.send(head(&mut stream).await.into()).expect("a reader");
        }
        stream.write_all(answer).await.expect("written");
        let mut to = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await.expect("a connection");
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut to).await;
    });
    (port, seen)
}

fn behind(scheme: Scheme, proxy: u16, port: u16) -> Start {
    let credentials = Some(Credentials { user: "user".into(), password: "pass".into() });
    let mut start = start(&format!("allow = ['a.example:{port}']"));
    start.upstream = Some(Upstream { scheme, host: "127.0.0.1".into(), port: proxy, credentials });
    start
}

#[tokio::test]
async fn a_proxy_upstream_is_asked_for_the_name() {
    let server = http_server(None, |_| says("reached")).await;
    let (proxy, mut seen) = upstream(server, b"HTTP/1.1 200 Connected\r\nX: y\r\n\r\n", 0).await;
    let gate = Gate::start(behind(Scheme::Http, proxy, 8080), meant_for(8080)).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    let (status, text) = read(client.send_request(get("/", "a.example:8080")).await.expect("an answer")).await;
    assert_eq!((status, text.as_str()), (200, "reached"));
    let asked = String::from_utf8(seen.recv().await.expect("a request")).expect("text");
    assert!(asked.starts_with("CONNECT a.example:8080 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{asked}");
}

#[tokio::test]
async fn a_socks_proxy_upstream_is_asked_for_the_name() {
    let server = http_server(None, |_| says("reached")).await;
    let (proxy, mut seen) = upstream(server, &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0], 16).await;
    let gate = Gate::start(behind(Scheme::Socks5, proxy, 8080), meant_for(8080)).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    assert_eq!(read(client.send_request(get("/", "a.example")).await.expect("an answer")).await.0, 200);
    assert_eq!(seen.recv().await.expect("a login"), b"\x01\x04user\x04pass"[..]);
    assert_eq!(seen.recv().await.expect("a request"), b"\x05\x01\x00\x03\x09a.example\x1f\x90"[..]);
}

#[tokio::test]
async fn a_proxy_upstream_that_refuses_is_shown_as_an_error() {
    let (proxy, _seen) = upstream(1, b"HTTP/1.1 407 Who are you\r\n\r\n", 0).await;
    let gate = Gate::start(behind(Scheme::Http, proxy, 8080), meant_for(8080)).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    let (status, text) = read(client.send_request(get("/", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 502);
    assert!(text.contains("the proxy upstream answers 407"), "{text}");
}

#[tokio::test]
async fn what_no_proxy_names_is_reached_without_it() {
    let port = http_server(None, |_| says("reached")).await;
    let mut start = behind(Scheme::Http, 1, port);
    start.rules = pinfold_policy::Rules::new(&support::policy(&allow(port)));
    start.no_proxy = vec!["example".into()];
    let gate = Gate::start(start, meant_for(port)).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    assert_eq!(read(client.send_request(get("/", "a.example")).await.expect("an answer")).await.0, 200);
}
