//! Connections that the gate carries without a look inside.

mod support;

use std::net::SocketAddr;

use pinfold_gate::link::{Answer, End, Order, Report, Way};
use pinfold_policy::BudgetName;
use simple_dns::{RCODE, TYPE};
use support::peers::{echo, server};
use support::{FIRST_NAME, Gate, SOON, allow, is_reset, meant_for, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn exchange(stream: &mut TcpStream, text: &[u8]) -> Vec<u8> {
    stream.write_all(text).await.expect("written");
    let mut answer = vec![0; text.len()];
    timeout(SOON, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    answer
}

async fn rest(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    timeout(SOON, stream.read_to_end(&mut rest)).await.expect("in time").map(|_| rest)
}

#[tokio::test]
async fn bytes_go_both_ways_and_the_end_of_one_is_not_the_end_of_the_other() {
    let port = server(|mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        // Only when the client has said all does the server speak.
        stream.write_all(&all).await?;
        stream.shutdown().await
    })
    .await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    stream.write_all(&sent).await.expect("written");
    stream.shutdown().await.expect("shut down");
    assert!(rest(&mut stream).await.expect("an answer") == sent);
    let (to, way) =
        gate.told(|report| if let Report::Connected { to, way, .. } = report { Some((to, way)) } else { None }).await;
    assert_eq!((to.host.as_str(), to.port, way), ("a.example", port, Way::Transparent));
    let closed = gate
        .told(|report| match report {
            Report::Closed { bytes_out, bytes_in, end, .. } => Some((bytes_out, bytes_in, end)),
            _ => None,
        })
        .await;
    assert_eq!(closed, (3_000_000, 3_000_000, End::Done));
}

#[tokio::test]
async fn a_server_that_speaks_first_is_not_waited_with() {
    let port = server(|mut stream| async move {
        stream.write_all(b"220 mail.example ready\r\n").await?;
        let mut line = [0; 6];
        stream.read_exact(&mut line).await?;
        stream.write_all(b"221 bye\r\n").await
    })
    .await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    let mut greeting = [0; 24];
    timeout(SOON, stream.read_exact(&mut greeting)).await.expect("in time").expect("a greeting");
    assert_eq!(&greeting, b"220 mail.example ready\r\n");
    stream.write_all(b"QUIT\r\n").await.expect("written");
    assert_eq!(rest(&mut stream).await.expect("an answer"), b"221 bye\r\n");
}

#[tokio::test]
async fn a_client_that_says_a_word_without_a_line_break_is_heard() {
    let port = echo().await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    assert_eq!(exchange(&mut stream, b"ping").await, b"ping");
    assert_eq!(exchange(&mut stream, b"\0\x01\x02").await, b"\0\x01\x02");
}

#[tokio::test]
async fn a_request_in_pieces_is_cut_off_before_it_names_a_host() {
    let port = echo().await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    assert_eq!(exchange(&mut stream, b"GET").await, b"GET");
    stream.write_all(b" / HTTP/1.1\r\nHost: b.example\r\n\r\n").await.expect("written");
    assert!(!matches!(rest(&mut stream).await, Ok(bytes) if bytes.len() > 3));
    let end = gate.told(|report| if let Report::Closed { end, .. } = report { Some(end) } else { None }).await;
    assert!(matches!(end, End::Stopped { .. }), "{end:?}");
}

#[tokio::test]
async fn a_name_that_no_rule_names_is_not_there() {
    let gate = Gate::with("allow = ['a.example']\ndeny = ['b.example']", 443).await;
    for (name, code) in [("other.example", RCODE::NameError), ("b.example", RCODE::NameError)] {
        assert_eq!(gate.look_up(name, TYPE::A).await, (code, vec![]), "{name}");
    }
    assert_eq!(gate.look_up("a.example", TYPE::TXT).await, (RCODE::Refused, vec![]));
    assert_eq!(gate.look_up("a.example", TYPE::HTTPS).await, (RCODE::NoError, vec![]));
    assert_eq!(gate.look_up("a.example", TYPE::A).await, (RCODE::NoError, vec![FIRST_NAME]));
    let v6 = "fd70:696e:666f:6c64::c612:100".parse().expect("an address");
    assert_eq!(gate.look_up("A.Example", TYPE::AAAA).await, (RCODE::NoError, vec![v6]));
    let (name, verdict) = gate
        .told(|report| if let Report::Looked { name, verdict, .. } = report { Some((name, verdict)) } else { None })
        .await;
    assert_eq!((name.as_str(), verdict.reason.as_str()), ("other.example", "no rule in [network] names this host"));
}

#[tokio::test]
async fn another_port_of_an_allowed_name_is_refused() {
    let port = echo().await;
    let gate = Gate::with("allow = ['a.example:1']", port).await;
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"\0").await.expect("written");
    assert!(is_reset(rest(&mut stream).await));
    assert_eq!(gate.refusal().await, "rules in [network] name this host, but not this port");
}

#[tokio::test]
async fn a_refused_request_is_told_what_why_and_what_next() {
    let gate = Gate::with("allow = ['a.example:1']", 80).await;
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello").await.expect("written");
    let answer = String::from_utf8(rest(&mut stream).await.expect("an answer")).expect("text");
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("hint: run with --allow-host a.example"), "{answer}");
    let json: serde_json::Value = serde_json::from_str(answer.lines().last().expect("a line")).expect("JSON");
    assert_eq!(json["why"], "rules in [network] name this host, but not this port");
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_unless_a_rule_names_the_address() {
    let port = echo().await;
    let gate = Gate::with(&format!("allow = ['a.example:{port}']"), port).await;
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"\0").await.expect("written");
    assert!(is_reset(rest(&mut stream).await));
    assert_eq!(gate.refusal().await, "127.0.0.1 is a loopback address, and no rule names it");
}

#[tokio::test]
async fn an_address_of_the_pool_that_was_not_given_is_refused() {
    let gate = Gate::with("allow = ['*:*']", 80).await;
    let mut stream = TcpStream::connect(gate.redirected).await.expect("a connection");
    stream.write_all(b"\0").await.expect("written");
    assert!(is_reset(rest(&mut stream).await));
    assert!(gate.refusal().await.contains("no name in this run"));
}

#[tokio::test]
async fn what_is_sent_stays_within_the_budget() {
    let port = server(|mut stream| async move {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        Ok(())
    })
    .await;
    let gate = Gate::with(&format!("{}\nbudget.bytes-out = 100000", allow(port)), port).await;
    let mut stream = gate.connect("a.example").await;
    let sent = async { while stream.write_all(&[0; 4096]).await.is_ok() {} };
    timeout(SOON, sent).await.expect("cut off");
    let frozen = gate
        .told(|report| if let Report::Frozen { budget, limit, .. } = report { Some((budget, limit)) } else { None })
        .await;
    assert_eq!(frozen, (BudgetName::BytesOut, 100_000));
    let sent = gate.told(|report| if let Report::Closed { bytes_out, .. } = report { Some(bytes_out) } else { None });
    assert_eq!(sent.await, 100_000);
}

#[tokio::test]
async fn the_user_is_asked_about_what_no_rule_names() {
    let port = echo().await;
    let mut start = start(&format!("allow = ['127.0.0.1:{port}']"));
    start.ask = true;
    let gate = Gate::start(start, meant_for(port)).await;
    let question = |report| if let Report::Question { id, to, .. } = report { Some((id, to.host)) } else { None };
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"\0").await.expect("written");
    let (id, host) = gate.told(question).await;
    assert_eq!(host, "a.example");
    gate.order(Order::Answer { id, answer: Answer::Session });
    assert_eq!(timeout(SOON, stream.read_u8()).await.expect("in time").expect("an answer"), 0);
    // For the session: this one is not asked about.
    exchange(&mut TcpStream::connect(gate.redirected).await.expect("a connection"), b"\0").await;
}

#[tokio::test]
async fn what_the_user_denies_is_refused() {
    let mut start = start("");
    start.ask = true;
    let gate = Gate::start(start, meant_for(443)).await;
    let mut stream = gate.connect("a.example").await;
    stream.write_all(b"\0").await.expect("written");
    let id = gate.told(|report| if let Report::Question { id, .. } = report { Some(id) } else { None }).await;
    gate.order(Order::Answer { id, answer: Answer::Deny });
    assert!(is_reset(rest(&mut stream).await));
    assert_eq!(gate.refusal().await, "the user did not say yes");
}

// Elsewhere nobody asks for it, or the answer comes too late: Wine needs half a second.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_belongs_to_a_process() {
    let port = echo().await;
    let mut start = start(&allow(port));
    start.init_pid = Some(std::process::id());
    let gate = Gate::start(start, meant_for(port)).await;
    // On a busy machine the answer may come too late as well, once.
    for _ in 0..20 {
        let mut stream = gate.connect("a.example").await;
        exchange(&mut stream, b"\0").await;
        let connected = |report| if let Report::Connected { process, .. } = report { Some(process) } else { None };
        if let Some(process) = gate.told(connected).await {
            return assert_eq!(process.pid, std::process::id());
        }
    }
    panic!("no connection belonged to a process");
}

#[tokio::test]
async fn a_gate_whose_link_closes_ends_with_its_connections() {
    let port = echo().await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    exchange(&mut stream, b"\0").await;
    let address: SocketAddr = gate.redirected;
    gate.order(Order::Stop);
    assert!(rest(&mut stream).await.map_or(true, |bytes| bytes.is_empty()));
    let gone = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(SOON, gone).await.expect("gone");
}

#[tokio::test]
async fn other_rules_let_through_and_break_off_what_they_refuse() {
    let port = echo().await;
    let gate = Gate::with(&format!("allow = ['127.0.0.1:{port}']"), port).await;
    let rules = |network: &str| Order::Rules(Box::new(start(network).rules));
    let ruled = |report| matches!(report, Report::Ruled).then_some(());
    assert_eq!(gate.look_up("a.example", TYPE::A).await.0, RCODE::NameError);
    gate.order(rules(&allow(port)));
    gate.told(ruled).await;
    let mut stream = gate.connect("a.example").await;
    assert_eq!(exchange(&mut stream, b"\0one").await, b"\0one");
    gate.order(rules(&format!("allow = ['a.example:{port}', 'b.example', '127.0.0.1:{port}']")));
    gate.told(ruled).await;
    assert_eq!(exchange(&mut stream, b"two").await, b"two", "these rules say the same of it");
    gate.order(rules(&format!("allow = ['127.0.0.1:{port}']")));
    assert!(is_reset(rest(&mut stream).await));
    let end = gate.told(|report| if let Report::Closed { end, .. } = report { Some(end) } else { None }).await;
    assert_eq!(end, End::Stopped { what: "what let it through was taken back".into() });
}

#[tokio::test]
async fn an_answer_that_comes_in_pieces_ends_when_what_let_it_through_is_taken_back() {
    let port = server(|mut stream| async move {
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        loop {
            stream.write_all(b"5\r\npiece\r\n").await?;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let gate = Gate::with(&allow(port), port).await;
    let mut stream = gate.connect("a.example").await;
    let request = format!("GET / HTTP/1.1\r\nhost: a.example:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut seen = Vec::new();
    while !seen.ends_with(b"piece\r\n") {
        seen.push(timeout(SOON, stream.read_u8()).await.expect("in time").expect("an answer"));
    }
    gate.order(Order::Rules(Box::new(start(&format!("allow = ['127.0.0.1:{port}']")).rules)));
    gate.told(|report| matches!(report, Report::Ruled).then_some(())).await;
    // It would go on for ever.
    let rest = rest(&mut stream).await.unwrap_or_default();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it looks whole");
}
