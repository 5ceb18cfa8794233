//! Ports inside that the host's loopback shows: who comes in by them is carried, counted and told of.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use pinfold_tests::eventually;
use rustix::process::Signal;

use crate::desk::Desk;
use crate::traveller::Traveller;

/// A server that takes five bytes and answers with seven, twice, and then waits.
const SERVER: &str = "
import os, socket, sys, time
with socket.create_server(('127.0.0.1', int(sys.argv[1]))) as server:
    for _ in range(2):
        connection, _ = server.accept()
        connection.sendall(connection.recv(5)[::-1] + b'!\\n')
        connection.close()
while not os.path.exists('over'): time.sleep(0.05)
";

/// A port that nobody has at the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// What the server says; nothing as long as there is none.
fn said(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.write_all(b"hello").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    (!text.is_empty()).then_some(text)
}

#[test]
fn connections_to_a_published_port_are_told_of() {
    let desk = Desk::new();
    desk.write("home/project/server.py", SERVER);
    let port = free_port();
    let text = port.to_string();
    desk.write("home/told", "");
    let watch = desk.call("/bin/bash").arguments(["-c", "exec pinfold watch > ../told"]).start();
    let run = ["run", "--json", "--publish", &text, "--", "/usr/bin/python3", "server.py", &text];
    let running = desk.pinfold(run).start();
    for _ in 0..2 {
        assert!(eventually(|| said(port).is_some_and(|said| said == "olleh!\n")), "the server inside answers");
    }
    let opened =
        format!("a program outside to the published port {port}: this port is published (network.publish {port}");
    let closed = format!("the published port {port}, 7 bytes out, 5 in");
    let is_told = |words: &str| eventually(|| desk.read("home/told").matches(words).count() == 2);
    assert!(is_told(&opened) && is_told(&closed), "{}", desk.read("home/told"));
    watch.signal(Signal::TERM);
    watch.wait();
    desk.write("home/project/over", "");
    let ended = running.wait().says(r#""reached":[]"#);
    ended.says(&format!(r#""published":[{{"port":{port},"connections":2,"bytes-out":14,"bytes-in":10}}]"#)).ok();
    // Before the server listened, connections were closed as well.
    let log = desk.pinfold(["log", "last", "--kind", "connect", "--kind", "close"]).run().ok();
    assert!(log.lines().all(|line| line.contains(&format!(" from outside to 127.0.0.1:{port}"))), "{log}");
    assert_eq!(log.matches(&format!("{port}, 7 bytes out, 5 in")).count(), 2, "{log}");
}

#[test]
fn a_published_port_is_reached_from_the_hosts_loopback() {
    let Some(traveller) = Traveller::new() else { return };
    let serve = "/usr/bin/python3 -m http.server 8123 --bind ::1 > /dev/null 2>&1";
    let script = format!(
        "pinfold run --publish 8123 -- {serve} & for i in $(seq 600); do curl -sf http://127.0.0.1:8123/README && break; sleep 0.1; done
        curl -s -m 2 http://93.184.216.34:8123/README; kill %1; wait; curl -s -m 2 http://127.0.0.1:8123/README; true"
    );
    assert_eq!(traveller.call(&["bash", "-c", &script]).run().ok(), "a project");
}

#[test]
fn a_port_that_is_in_use_is_not_published() {
    let desk = Desk::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let ended = desk.inside_with(&["--publish", &port], "touch ran").ends_with(125);
    ended.says(&format!("port {port} cannot be published"));
    assert_eq!(desk.outside("ls ran 2> /dev/null; true").ok(), "");
}
