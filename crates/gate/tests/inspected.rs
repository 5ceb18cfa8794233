//! Connections that the gate looks into.

mod support;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use pinfold_gate::link::{Report, Start};
use pinfold_policy::Decision;
use support::peers::{TestCa, client_1, client_2, get, http_server, listener, read, says, server, tls};
use support::{Gate, SOON, allow, meant_for, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Rules that let only `GET /open/**` through, and where the names are.
fn looking(port: u16, ca: &TestCa) -> Start {
    let rule = format!("{{ host = 'a.example:{port}', methods = ['GET', 'POST'], paths = ['/open/**'] }}");
    let mut start = start(&format!("allow = [{rule}, '127.0.0.1:{port}']"));
    start.roots = vec![ca.file.clone()];
    start
}

/// A gate for these rules, and the port of a server that tells what it was asked.
async fn scene(alpn: &[&str], certificate: &str) -> (Gate, TestCa) {
    let ca = TestCa::new();
    let port = http_server(Some(ca.server(certificate, alpn)), |request| {
        let host = request.uri().authority().map(ToString::to_string);
        let host = host.unwrap_or_else(|| request.headers()["host"].to_str().expect("text").to_owned());
        says(format!("{:?} {host} {} {}", request.version(), request.uri().path(), request.body().len()))
    })
    .await;
    (Gate::start(looking(port, &ca), meant_for(port)).await, ca)
}

async fn secure(gate: &Gate, name: &str, alpn: &[&str]) -> tokio_rustls::client::TlsStream<TcpStream> {
    let stream = gate.connect("a.example").await;
    tls(stream, gate.ca.as_deref().expect("a certificate"), name, alpn).await.expect("a handshake")
}

#[tokio::test]
async fn requests_are_judged_one_by_one() {
    let (gate, _ca) = scene(&["http/1.1"], "a.example").await;
    let mut client = client_1(secure(&gate, "a.example", &["http/1.1"]).await).await;
    let (status, text) = read(client.send_request(get("/open/x", "a.example")).await.expect("an answer")).await;
    assert_eq!((status, text.as_str()), (200, "HTTP/1.1 a.example /open/x 0"));
    let (status, text) = read(client.send_request(get("/shut", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 403);
    assert!(text.contains("no rule in [network] allows this method and path"), "{text}");
    let (status, _) = read(client.send_request(get("/open/y", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 200);
    let refused = gate.told(|report| match report {
        Report::Request { path, verdict, .. } if verdict.decision != Decision::Allow => Some(path),
        _ => None,
    });
    assert_eq!(refused.await, "/shut");
}

#[tokio::test]
async fn http_2_goes_in_and_out() {
    let (gate, _ca) = scene(&["h2", "http/1.1"], "a.example").await;
    let stream = secure(&gate, "a.example", &["h2"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let client = client_2(stream).await;
    let ask = |path: &str| {
        let mut client = client.clone();
        let request = get(&format!("https://a.example{path}"), "");
        async move { read(client.send_request(request).await.expect("an answer")).await }
    };
    let (open, shut, other) = tokio::join!(ask("/open/1"), ask("/shut"), ask("/open/2"));
    assert_eq!(open, (200, "HTTP/2.0 a.example /open/1 0".into()));
    assert_eq!((shut.0, other.0), (403, 200));
}

#[tokio::test]
async fn http_2_inside_meets_http_1_outside() {
    let (gate, _ca) = scene(&["http/1.1"], "a.example").await;
    let mut client = client_2(secure(&gate, "a.example", &["h2"]).await).await;
    for number in 0..3 {
        let request = get(&format!("https://a.example/open/{number}"), "");
        let (status, text) = read(client.send_request(request).await.expect("an answer")).await;
        assert_eq!((status, text), (200, format!("HTTP/1.1 a.example /open/{number} 0")));
    }
}

#[tokio::test]
async fn another_host_in_the_request_is_refused() {
    let (gate, _ca) = scene(&["http/1.1", "h2"], "a.example").await;
    let mut client = client_1(secure(&gate, "a.example", &["http/1.1"]).await).await;
    for (target, host) in [("/open/x", "b.example"), ("https://b.example/open/x", "a.example"), ("/open/x", "")] {
        let (status, text) = read(client.send_request(get(target, host)).await.expect("an answer")).await;
        assert_eq!(status, 403, "{target} {host}: {text}");
    }
    let mut client = client_2(secure(&gate, "a.example", &["h2"]).await).await;
    let (status, text) = read(client.send_request(get("https://b.example/open/x", "")).await.expect("an answer")).await;
    assert_eq!(status, 403);
    assert!(text.contains("it names the host b.example"), "{text}");
}

#[tokio::test]
async fn another_name_in_the_hello_is_refused() {
    let (gate, _ca) = scene(&["http/1.1"], "a.example").await;
    let stream = gate.connect("a.example").await;
    let error = tls(stream, gate.ca.as_deref().expect("a certificate"), "b.example", &[]).await.expect_err("refused");
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    assert_eq!(gate.refusal().await, "its client hello names b.example");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_shown_as_an_error() {
    let (gate, _ca) = scene(&["http/1.1"], "b.example").await;
    let mut client = client_1(secure(&gate, "a.example", &[]).await).await;
    let (status, text) = read(client.send_request(get("/open/x", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 502);
    assert!(text.contains("certificate not valid for name \"a.example\""), "{text}");
}

#[tokio::test]
async fn a_certificate_of_nobody_that_the_host_trusts_is_shown_as_an_error() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let port = http_server(Some(ca.server("a.example", &[])), |_| says("never")).await;
    let gate = Gate::start(looking(port, &other), meant_for(port)).await;
    let mut client = client_1(secure(&gate, "a.example", &[]).await).await;
    let (status, text) = read(client.send_request(get("/open/x", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 502);
    assert!(text.contains("invalid peer certificate"), "{text}");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_shown_as_an_error() {
    let ca = TestCa::new();
    let (_, port) = listener().await;
    let gate = Gate::start(looking(port, &ca), meant_for(port)).await;
    let mut client = client_1(secure(&gate, "a.example", &[]).await).await;
    let (status, text) = read(client.send_request(get("/open/x", "a.example")).await.expect("an answer")).await;
    assert_eq!(status, 502);
    assert!(text.contains("cannot be reached"), "{text}");
}

#[tokio::test]
async fn tls_that_no_rule_looks_into_is_the_hosts_own() {
    let ca = TestCa::new();
    let port = http_server(Some(ca.server("a.example", &["h2"])), |_| says("its own")).await;
    let gate = Gate::with(&allow(port), port).await;
    let stream = tls(gate.connect("a.example").await, &ca.pem, "a.example", &["h2"]).await.expect("a handshake");
    let answer = client_2(stream).await.send_request(get("https://a.example/", "")).await.expect("an answer");
    assert_eq!(read(answer).await, (200, "its own".into()));
}

#[tokio::test]
async fn a_client_that_trusts_only_the_world_does_not_trust_the_gate() {
    let (gate, ca) = scene(&[], "a.example").await;
    let error = tls(gate.connect("a.example").await, &ca.pem, "a.example", &[]).await.expect_err("not trusted");
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn what_must_be_looked_into_and_is_no_request_is_refused() {
    let (gate, _ca) = scene(&[], "a.example").await;
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"SSH-2.0-x\r\n").await.expect("written");
    assert!(timeout(SOON, stream.read_u8()).await.expect("in time").is_err());
    assert_eq!(gate.refusal().await, "it must be looked into, and speaks neither HTTP nor TLS");
}

#[tokio::test]
async fn a_large_body_is_a_stream() {
    let (gate, _ca) = scene(&["http/1.1"], "a.example").await;
    let mut client = client_1(secure(&gate, "a.example", &["http/1.1"]).await).await;
    let body = Bytes::from(vec![7; 5_000_000]);
    let request = Request::post("/open/x").header("host", "a.example").header("expect", "100-continue");
    let request = request.body(Full::new(body)).expect("a request");
    let (status, text) = read(client.send_request(request).await.expect("an answer")).await;
    assert_eq!((status, text.as_str()), (200, "HTTP/1.1 a.example /open/x 5000000"));
}

/// A server that shows the bytes of the requests it gets.
async fn raw_server(answer: &'static [u8]) -> (u16, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let (sender, seen) = tokio::sync::mpsc::unbounded_channel();
    let port = server(move |mut stream| {
        let sender = sender.clone();
        async move {
            let mut bytes = vec![0; 4096];
            while let count @ 1.. = stream.read(&mut bytes).await? {
                sender.send(bytes[..count].to_vec()).expect("a reader");
                stream.write_all(answer).await?;
            }
            Ok(())
        }
    })
    .await;
    (port, seen)
}

async fn plain_scene(answer: &'static [u8]) -> (Gate, TcpStream, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let (port, seen) = raw_server(answer).await;
    let gate = Gate::with(&allow(port), port).await;
    let stream = gate.connect("a.example").await;
    (gate, stream, seen)
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let count = timeout(SOON, stream.read(&mut bytes)).await.expect("in time").expect("an answer");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_is_written_anew_with_one_length() {
    let (_gate, mut stream, mut seen) = plain_scene(OK).await;
    let smuggled =
        "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX";
    stream.write_all(smuggled.as_bytes()).await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    let text = String::from_utf8(seen.recv().await.expect("a request")).expect("text").to_ascii_lowercase();
    assert!(!(text.contains("content-length") && text.contains("transfer-encoding")), "{text}");
    assert!(!text.ends_with('x'), "{text}");
}

#[tokio::test]
async fn a_second_host_on_the_same_connection_is_refused() {
    let (_gate, mut stream, mut seen) = plain_scene(OK).await;
    stream.write_all(b"GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n").await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    for head in [
        "GET /2 HTTP/1.1\r\nHost: b.example\r\n\r\n",
        "GET http://b.example/2 HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "GET /2 HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
        "GET /2 HTTP/1.1\r\n\r\n",
        "CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ] {
        stream.write_all(head.as_bytes()).await.expect("written");
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{head} {answer}");
    }
    assert!(String::from_utf8(seen.recv().await.expect("a request")).expect("text").starts_with("GET /1 HTTP/1.1\r\n"));
    assert!(seen.try_recv().is_err(), "nothing else reaches the host");
}

#[tokio::test]
async fn a_websocket_passes_and_no_other_upgrade() {
    let switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi";
    let (_gate, mut stream, mut seen) = plain_scene(switch).await;
    let upgrade = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(upgrade).await.expect("written");
    let mut all = answer(&mut stream).await;
    while !all.ends_with("hi") {
        all.push_str(&answer(&mut stream).await);
    }
    assert!(all.starts_with("HTTP/1.1 101"), "{all}");
    stream.write_all(b"\x88\x80\0\0\0\0").await.expect("written");
    seen.recv().await.expect("a request");
    assert_eq!(seen.recv().await.expect("a frame"), b"\x88\x80\0\0\0\0");

    let (_gate, mut stream, mut seen) = plain_scene(OK).await;
    let upgrade = b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                    HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    stream.write_all(upgrade).await.expect("written");
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    let text = String::from_utf8(seen.recv().await.expect("a request")).expect("text").to_ascii_lowercase();
    assert!(!text.contains("upgrade") && !text.contains("http2-settings"), "{text}");
}

#[tokio::test]
async fn an_answer_in_pieces_comes_as_it_is_made() {
    let (listener, port) = listener().await;
    let (go, mut gone) = tokio::sync::mpsc::channel::<()>(1);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        assert!(stream.read(&mut [0; 4096]).await.expect("a request") > 0);
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
        stream.write_all(head).await.expect("written");
        gone.recv().await;
        stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.expect("written");
    });
    let gate = Gate::with(&allow(port), port).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    let response: Response<_> = client.send_request(get("/", "a.example")).await.expect("an answer");
    let mut body = response.into_body();
    let first = timeout(SOON, body.frame()).await.expect("in time").expect("a piece").expect("no error");
    assert_eq!(first.into_data().expect("data"), "first");
    go.send(()).await.expect("sent");
    assert_eq!(body.collect().await.expect("the rest").to_bytes(), "last");
}

#[tokio::test]
async fn a_host_that_closes_idle_connections_is_connected_to_again() {
    let port = server(|mut stream| async move {
        // One request for each connection, whatever the answer's head lets hope for.
        assert!(stream.read(&mut [0; 4096]).await? > 0);
        stream.write_all(OK).await?;
        stream.shutdown().await
    })
    .await;
    let gate = Gate::with(&allow(port), port).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    for _ in 0..5 {
        let answer = read(client.send_request(get("/", "a.example")).await.expect("an answer")).await;
        assert_eq!(answer, (200, "ok".into()));
    }
}
