//! Connections that the kernel redirects to the gate, in a network namespace of this test's own.
#![cfg(target_os = "linux")]

mod support;

use std::net::SocketAddr;
use std::process::Command;

use pinfold_gate::Arrival;
use support::peers::{client_1, echo, get, http_server, read, says};
use support::{FIRST_NAME, Gate, meant_for, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the sandbox's own set-up does by itself: every address is local, and all TCP but that to the loopback goes to
/// the gate's listeners.
const PREPARE: &str = "
ip link set lo up
ip route add local default dev lo
ip -6 route add local default dev lo
nft -f - <<END
table inet gate {
    chain output {
        type nat hook output priority -100;
        ip daddr != 127.0.0.0/8 meta l4proto tcp redirect to :$GATE_PORT
        ip6 daddr != ::1 meta l4proto tcp redirect to :$GATE_PORT
    }
}
END
";

/// The port of the gate's listener inside.
const GATE_PORT: u16 = 40001;

#[test]
fn redirected_connections_arrive_with_their_names() {
    let program = std::env::current_exe().expect("this program");
    let script = format!("set -e\n{PREPARE}\nexec \"$0\" --ignored --exact inside_the_namespace");
    let unshare = ["--user", "--map-root-user", "--net", "sh", "-c", &script];
    let able = "ip link set lo up && nft list tables";
    let probe = Command::new("unshare").args(&unshare[..5]).arg(able).output();
    if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped, because there is no network namespace with nft here: {probe:?}");
        return;
    }
    let inner = Command::new("unshare").args(unshare).arg(program).env("GATE_PORT", GATE_PORT.to_string()).output();
    let inner = inner.expect("started");
    let output = String::from_utf8_lossy(&inner.stdout);
    assert!(inner.status.success(), "{output}\n{}", String::from_utf8_lossy(&inner.stderr));
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "runs in the namespace that the other test makes"]
async fn inside_the_namespace() {
    let (web, bytes) = (http_server(None, |request| says(request.uri().path().to_owned())).await, echo().await);
    let rules = format!("allow = ['a.example:{web}', 'b.example:{bytes}', '127.0.0.1:*']");
    let mut surroundings = meant_for(1);
    surroundings.arrival = Arrival::Redirected;
    let gate = Gate::start_at(GATE_PORT, start(&rules), surroundings).await;
    let (_, v4) = gate.look_up("a.example", simple_dns::TYPE::A).await;
    assert_eq!(v4, [FIRST_NAME]);
    let mut client = client_1(TcpStream::connect((FIRST_NAME, web)).await.expect("a connection")).await;
    assert_eq!(read(client.send_request(get("/v4", "a.example")).await.expect("an answer")).await, (200, "/v4".into()));

    let (_, v6) = gate.look_up("b.example", simple_dns::TYPE::AAAA).await;
    let mut stream = TcpStream::connect((v6[0], bytes)).await.expect("a connection");
    stream.write_all(b"\0v6").await.expect("written");
    let mut answer = [0; 3];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"\0v6");

    // An address that was never given, one that no rule names, and the listener itself.
    for address in ["198.18.9.9:80", "1.1.1.1:443", &format!("127.0.0.1:{GATE_PORT}")] {
        let Ok(mut stream) = TcpStream::connect(address.parse::<SocketAddr>().expect(address)).await else { continue };
        let _ = stream.write_all(b"\0").await;
        assert!(!matches!(stream.read(&mut [0; 1]).await, Ok(1..)), "{address}");
    }
}
