//! A collector of OpenTelemetry that answers as it was told and keeps what it got.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the collector does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status, more headers with their line ends, and a body.
    Says(u16, &'static str, &'static str),
    /// Closes the connection and says nothing.
    HangsUp,
}

pub(crate) const TAKEN: Answer = Answer::Says(200, "", "{}");

/// A request: the lines before its body, and the body.
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    requests: JoinHandle<Vec<Got>>,
}

impl Collector {
    /// Answers as many requests as there are answers, on as many connections as it takes.
    pub(crate) fn start(answers: Vec<Answer>) -> Self {
        Self::serve(answers, Ok)
    }

    /// The same over TLS, with a certificate for `localhost` that is written to a file.
    pub(crate) fn start_tls(answers: Vec<Answer>, certificate: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        std::fs::write(certificate, made.cert.pem()).expect("written");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("a configuration");
        let config = Arc::new(config);
        Self::serve(answers, move |stream| {
            let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            Ok(StreamOwned::new(connection, stream))
        })
    }

    fn serve<S: Read + Write>(
        answers: Vec<Answer>,
        accept: impl Fn(TcpStream) -> io::Result<S> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = thread::spawn(move || {
            let (mut answers, mut got) = (answers.into_iter().peekable(), Vec::new());
            while answers.peek().is_some() {
                let (stream, _) = listener.accept().expect("a connection");
                let mut stream = BufReader::new(accept(stream).expect("a stream"));
                while answers.peek().is_some() {
                    let Ok(Some(request)) = read_request(&mut stream) else { break };
                    got.push(request);
                    let Some(Answer::Says(status, headers, body)) = answers.next() else { break };
                    let length = body.len();
                    let answer = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}");
                    // Who has read enough may hang up.
                    let stream = stream.get_mut();
                    if stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).is_err() {
                        break;
                    }
                }
            }
            got
        });
        Self { address, requests }
    }

    /// Everything that was asked, once all answers were given.
    pub(crate) fn requests(self) -> Vec<Got> {
        self.requests.join().expect("the collector ends")
    }
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Got>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Got { head, body: String::from_utf8(body).map_err(io::Error::other)? }))
}

/// A place for a certificate that goes with the test's process.
pub(crate) fn certificate_file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("pinfold-collector-{name}-{}.pem", std::process::id()))
}
