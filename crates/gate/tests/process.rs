//! The gate as a process of its own, with its standard input and output for its link. This program is the gate as well.

mod support;

use std::process::ExitCode;

/// On Linux its sockets come from a sandbox, and the stories show it.
#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| first == pinfold_gate::ARGUMENT) {
        return pinfold_gate::main(|| Ok(()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(elsewhere::a_gate_of_its_own_serves_what_rules_allow());
    runtime.block_on(elsewhere::a_gate_ends_with_its_link());
    // As whoever counts expects it.
    println!("test result: ok. 2 passed; 0 failed; 0 ignored");
    ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use pinfold_gate::link::{Order, Process, Report, SocketRole, frames};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::support::peers::{client_1, get, http_server, read, says};
    use super::support::{SOON, start};

    struct Gate {
        child: Child,
        orders: ChildStdin,
        reports: ChildStdout,
        proxy: SocketAddr,
    }

    impl Gate {
        fn start(network: &str) -> Self {
            let mut start = start(network);
            start.sockets = vec![SocketRole::ProxyHere { port: 0 }];
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            command.arg(pinfold_gate::ARGUMENT).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("a process");
            let (mut orders, mut reports) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
            frames::send_start(&mut orders, &start).expect("sent");
            let ready = frames::receive(&mut reports).expect("a report");
            let Some(Report::Ready { proxy: Some(port), .. }) = ready else { panic!("not ready: {ready:?}") };
            Self { child, orders, reports, proxy: (Ipv4Addr::LOCALHOST, port).into() }
        }

        async fn connect(&self) -> TcpStream {
            TcpStream::connect(self.proxy).await.expect("a connection")
        }

        async fn connect_answers(&self, host: &str) -> String {
            let mut stream = self.connect().await;
            let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("written");
            let mut answer = vec![0; 12];
            timeout(SOON, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
            String::from_utf8(answer).expect("text")
        }

        async fn socks_answers(&self, port: u16) -> u8 {
            let mut stream = self.connect().await;
            stream.write_all(&[5, 1, 0]).await.expect("written");
            stream.write_all(&[&[5, 1, 0, 1, 127, 0, 0, 1][..], &port.to_be_bytes()].concat()).await.expect("written");
            let mut answer = [0; 12];
            timeout(SOON, stream.read_exact(&mut answer)).await.expect("in time").expect("an answer");
            answer[3]
        }
    }

    pub(super) async fn a_gate_of_its_own_serves_what_rules_allow() {
        let port = http_server(None, |_| says("reached")).await;
        let mut gate = Gate::start(&format!("allow = ['127.0.0.1:{port}']"));
        assert_eq!(gate.connect_answers(&format!("127.0.0.1:{port}")).await, "HTTP/1.1 200");
        assert_eq!(gate.connect_answers("127.0.0.1:1").await, "HTTP/1.1 403");
        assert_eq!(gate.connect_answers("b.example:443").await, "HTTP/1.1 403");
        assert_eq!((gate.socks_answers(port).await, gate.socks_answers(1).await), (0, 2));
        let mut client = client_1(gate.connect().await).await;
        let ask = get(&format!("http://127.0.0.1:{port}/"), &format!("127.0.0.1:{port}"));
        let (status, text) = read(client.send_request(ask).await.expect("an answer")).await;
        assert_eq!((status, text.as_str()), (200, "reached"));
        let (status, _) =
            read(client.send_request(get("http://b.example/", "b.example")).await.expect("an answer")).await;
        assert_eq!(status, 403);
        drop(client);
        frames::send(&mut gate.orders, &Order::Stop).expect("sent");
        let mut reports = Vec::new();
        while let Some(report) = frames::receive::<Report>(&mut gate.reports).expect("a report") {
            reports.push(report);
        }
        let own = |pid: u32| cfg!(windows) && pid == std::process::id();
        // Whose it is, is told where that is known in time.
        let is_right = |process: &Option<_>| process.as_ref().is_none_or(|process: &Process| own(process.pid));
        let connected = |report: &Report| matches!(report, Report::Connected { process, .. } if is_right(process));
        assert!(reports.iter().any(connected), "{reports:?}");
        assert!(reports.iter().any(|report| matches!(report, Report::Refused { .. })), "{reports:?}");
        assert!(gate.child.wait().expect("an end").success());
    }

    pub(super) async fn a_gate_ends_with_its_link() {
        let Gate { mut child, orders, .. } = Gate::start("allow = []");
        drop(orders);
        assert!(child.wait().expect("an end").success());
    }
}
