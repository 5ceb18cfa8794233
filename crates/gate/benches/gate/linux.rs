//! What the gate costs, as ratios to the same without it. Everything is on this machine's loopback; the gate is a
//! process of its own, clients and servers share this one.
//!
//! `cargo bench --package pinfold-gate` prints a table in Markdown. With `--proxy NAME=HOST:PORT` (behind `--`) the
//! requests are also made through the `CONNECT` of that proxy, for comparison; with `=FILE` after it, it looks into
//! them, and its certificate is in that file.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pinfold_gate::link::{self, Report, SocketRole};
use pinfold_gate::{Arrival, Sockets, Surroundings, serve_in};
use rustix::net::RecvFlags;
use support::peers::{TestCa, client_1, get, http_server, read, says, tls};

/// The argument with which this program is the gate.
const GATE: &str = "__gate";
/// What can be measured alone, by its name behind `--`.
const MEASURES: [&str; 4] = ["streams", "setups", "memory", "requests"];
/// Bytes of one stream.
const STREAM_BYTES: u64 = 1 << 30;
const PIECE_BYTES: usize = 256 << 10;
const CONNECTIONS: usize = 1000;
const IDLE_CONNECTIONS: usize = 2000;
const CLIENTS: usize = 16;
const REQUESTS: usize = 300;
const ROUNDS: usize = 5;

pub(crate) fn run() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == GATE) {
        return be_gate(arguments[2].parse().expect("a port"));
    }
    let proxies: Vec<Proxy> =
        arguments.windows(2).filter(|pair| pair[0] == "--proxy").map(|pair| Proxy::read(&pair[1])).collect();
    println!("| measure | direct | gate | ratio |\n| --- | --- | --- | --- |");
    let asked: Vec<&str> = MEASURES.into_iter().filter(|name| arguments.iter().any(|word| word == name)).collect();
    let wanted = |name: &str| asked.is_empty() || asked.contains(&name);
    if wanted("streams") {
        streams();
    }
    if wanted("setups") {
        setups();
    }
    if wanted("memory") {
        memory();
    }
    if wanted("requests") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(requests(&proxies));
    }
}

/// Another proxy.
struct Proxy {
    name: String,
    address: SocketAddr,
    ca: Option<String>,
}

impl Proxy {
    fn read(text: &str) -> Self {
        let mut parts = text.split('=');
        let name = parts.next().unwrap_or_default().to_owned();
        let address = parts.next().and_then(|address| address.parse().ok()).expect("NAME=HOST:PORT");
        Self { name, address, ca: parts.next().map(|file| std::fs::read_to_string(file).expect(file)) }
    }
}

/// A gate process; everything that is redirected to it was meant for one port of this machine.
struct Gate {
    child: Child,
    link: OwnedFd,
    redirected: SocketAddr,
    ca: Option<String>,
}

impl Gate {
    fn new(rule: &str, port: u16, roots: Option<&TestCa>) -> Self {
        let mut start = support::start(&format!("allow = [{rule}]"));
        start.roots = roots.map(|ca| ca.file.clone()).into_iter().collect();
        start.sockets = vec![SocketRole::Tcp4];
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let (own, theirs) = support::link_pair();
        let program = std::env::current_exe().expect("this program");
        let child = Command::new(program).args([GATE, &port.to_string()]).stdin(Stdio::from(theirs)).spawn();
        link::send_start(own.as_fd(), &start, &[listener.as_fd()]).expect("sent");
        let redirected = listener.local_addr().expect("an address");
        let mut gate = Self { child: child.expect("a process"), link: own, redirected, ca: None };
        let mut bytes = vec![0; link::MESSAGE_BYTES_MAX];
        let (length, _) = rustix::net::recv(&gate.link, &mut *bytes, RecvFlags::empty()).expect("a report");
        let Ok(Report::Ready { ca, .. }) = link::decode(&bytes[..length]) else { panic!("not ready") };
        gate.ca = ca;
        // Reports are read as a supervisor reads them.
        let link = gate.link.try_clone().expect("a copy");
        std::thread::spawn(
            move || {
                while let Ok((1.., _)) = rustix::net::recv(&link, &mut *bytes, RecvFlags::empty()) {}
            },
        );
        gate
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn be_gate(port: u16) {
    let link = io::stdin().as_fd().try_clone_to_owned().expect("a link");
    let (start, descriptors) = link::receive_start(link.as_fd()).expect("a start");
    let sockets = Sockets::sort(&start.sockets, descriptors).expect("sockets");
    let arrival = Arrival::Always((Ipv4Addr::LOCALHOST, port).into());
    let _ = serve_in(start, sockets, link, Surroundings { arrival, ..Surroundings::default() });
}

/// A server with a thread for each connection; its address.
fn server(serve: fn(TcpStream) -> io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::Builder::new().stack_size(64 << 10).spawn(move || serve(stream)).expect("a thread");
        }
    });
    address
}

fn address_rule(address: SocketAddr) -> String {
    format!("'{address}'")
}

fn streams() {
    let source = server(|mut stream| {
        let piece = vec![0; PIECE_BYTES];
        stream.read_exact(&mut [0])?;
        for _ in 0..STREAM_BYTES / PIECE_BYTES as u64 {
            stream.write_all(&piece)?;
        }
        stream.shutdown(Shutdown::Write)
    });
    let sink = server(|mut stream| {
        let mut piece = vec![0; PIECE_BYTES];
        while stream.read(&mut piece)? > 0 {}
        stream.write_all(&[0])
    });
    let gate = Gate::new(&address_rule(source), source.port(), None);
    compare("stream in, GB/s", || download(source), || download(gate.redirected));
    let gate = Gate::new(&address_rule(sink), sink.port(), None);
    compare("stream out, GB/s", || upload(sink), || upload(gate.redirected));
}

fn download(address: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let begun = Instant::now();
    // Not text, so that nobody waits for more of it.
    stream.write_all(&[0]).expect("written");
    let (mut piece, mut all) = (vec![0; PIECE_BYTES], 0_u64);
    loop {
        match stream.read(&mut piece).expect("read") {
            0 => break,
            count => all += count as u64,
        }
    }
    assert_eq!(all, STREAM_BYTES);
    all as f64 / begun.elapsed().as_secs_f64() / 1e9
}

fn upload(address: SocketAddr) -> f64 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let begun = Instant::now();
    let piece = vec![0; PIECE_BYTES];
    for _ in 0..STREAM_BYTES / PIECE_BYTES as u64 {
        stream.write_all(&piece).expect("written");
    }
    stream.shutdown(Shutdown::Write).expect("shut down");
    stream.read_exact(&mut [0]).expect("read");
    STREAM_BYTES as f64 / begun.elapsed().as_secs_f64() / 1e9
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    while stream.read(&mut byte)? > 0 {
        stream.write_all(&byte)?;
    }
    Ok(())
}

fn setups() {
    let echo = server(echo);
    let gate = Gate::new(&address_rule(echo), echo.port(), None);
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        direct.push(setup(echo));
        through.push(setup(gate.redirected));
    }
    let (direct, through) = (median(direct), median(through));
    let added = through - direct;
    println!("| connection and first answer, p50 µs | {direct:.0} | {through:.0} | {added:.0} µs added |");
}

/// The median time to a connection whose first byte is answered, in microseconds.
fn setup(address: SocketAddr) -> f64 {
    let once = || {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(&[0]).expect("written");
        stream.read_exact(&mut [0]).expect("read");
        begun.elapsed().as_secs_f64() * 1e6
    };
    median((0..CONNECTIONS).map(|_| once()).collect())
}

fn memory() {
    let echo = server(echo);
    let gate = Gate::new(&address_rule(echo), echo.port(), None);
    let before = gate.resident_kib();
    let connect = |_| {
        let mut stream = TcpStream::connect(gate.redirected).expect("a connection");
        stream.write_all(&[0]).expect("written");
        stream.read_exact(&mut [0]).expect("read");
        stream
    };
    let connections: Vec<TcpStream> = (0..IDLE_CONNECTIONS).map(connect).collect();
    let after = gate.resident_kib();
    let (before, after) = (before as f64 / 1024.0, after as f64 / 1024.0);
    println!("| resident with {} connections, MiB | | {after:.1} | {before:.1} MiB with none |", connections.len());
}

async fn requests(proxies: &[Proxy]) {
    let ca = TestCa::new();
    let port = http_server(Some(ca.server("127.0.0.1", &["http/1.1"])), |_| says("0123456789")).await;
    let direct: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    let looking = Gate::new(&format!("{{ host = '{direct}', paths = ['/**'] }}"), port, Some(&ca));
    let opaque = Gate::new(&address_rule(direct), port, None);
    let mut ways = vec![
        Measured::new(
            "requests looked into, 1/s",
            looking.redirected,
            looking.ca.clone().expect("a certificate"),
            false,
        ),
        Measured::new("requests within opaque TLS, 1/s", opaque.redirected, ca.pem.clone(), false),
    ];
    ways.extend(proxies.iter().map(|proxy| {
        let trusted = proxy.ca.clone().unwrap_or_else(|| ca.pem.clone());
        Measured::new(&format!("requests through {}, 1/s", proxy.name), proxy.address, trusted, true)
    }));
    let mut own = Vec::new();
    for _ in 0..ROUNDS {
        own.push(rate(direct, &ca.pem, port, false).await);
        for way in &mut ways {
            way.rates.push(rate(way.address, &way.trusted, port, way.tunnel).await);
        }
    }
    let own = median(own);
    for way in ways {
        let rate = median(way.rates);
        println!("| {} | {own:.0} | {rate:.0} | {:.2} |", way.name, rate / own);
    }
}

/// A way to make requests, and how many in a second.
struct Measured {
    name: String,
    address: SocketAddr,
    trusted: String,
    tunnel: bool,
    rates: Vec<f64>,
}

impl Measured {
    fn new(name: &str, address: SocketAddr, trusted: String, tunnel: bool) -> Self {
        Self { name: name.to_owned(), address, trusted, tunnel, rates: Vec::new() }
    }
}

/// Small requests in a second, on connections that stay open.
async fn rate(address: SocketAddr, ca: &str, port: u16, tunnel: bool) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let stream = if tunnel { connect(stream, port).await } else { stream };
        clients.push(client_1(tls(stream, ca, "127.0.0.1", &["http/1.1"]).await.expect("a handshake")).await);
    }
    let begun = Instant::now();
    let work = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            for _ in 0..REQUESTS {
                let request = get("/x", &format!("127.0.0.1:{port}"));
                let answer = read(client.send_request(request).await.expect("an answer")).await;
                assert_eq!(answer.0, 200, "{}", answer.1);
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.expect("done");
    }
    (CLIENTS * REQUESTS) as f64 / begun.elapsed().as_secs_f64()
}

async fn connect(mut stream: tokio::net::TcpStream, port: u16) -> tokio::net::TcpStream {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let request = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

fn compare(name: &str, direct: impl Fn() -> f64, through: impl Fn() -> f64) {
    let (mut own, mut gate, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (direct, through) = (direct(), through());
        own.push(direct);
        gate.push(through);
        ratios.push(through / direct);
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("| {name} | {:.2} | {:.2} | {:.2} |", median(own), median(gate), median(ratios));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
