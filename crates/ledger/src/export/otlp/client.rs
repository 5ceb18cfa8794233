//! One connection to the collector, and requests on it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::RETRY_AFTER;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::limits::{ANSWER_BYTES_MAX, CONNECT_TIME, REQUEST_TIME, ROOTS_BYTES_MAX};
use super::{Answer, Endpoint, Error};

type Connection = SendRequest<Full<Bytes>>;

/// Why there is no answer, as a clause.
#[derive(Debug)]
pub(super) struct NoAnswer {
    pub(super) why: String,
    /// Could it be otherwise the next time?
    pub(super) transient: bool,
}

pub(super) struct Client {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    /// Kept between requests.
    connection: Option<Connection>,
}

impl Client {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, Error> {
        let tls = if endpoint.secure { Some(trusting(&endpoint).ok_or(Error::NoRoots)?) } else { None };
        Ok(Self { endpoint, tls, connection: None })
    }

    /// Host and port of the collector.
    pub(super) fn address(&self) -> String {
        self.endpoint.to_string()
    }

    /// Sends a body, on the connection that is there or a new one.
    pub(super) async fn post(&mut self, body: Bytes) -> Result<Answer, NoAnswer> {
        let mut connection = match self.still_open().await {
            Some(open) => open,
            None => {
                timeout(CONNECT_TIME, self.connect()).await.unwrap_or_else(|_| Err(in_vain("it does not answer")))?
            }
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(self.endpoint.target.as_str()).map_err(in_vain)?;
        *request.headers_mut() = self.endpoint.headers.clone();
        let exchange = async {
            let response = connection.send_request(request).await.map_err(in_vain)?;
            let status = response.status().as_u16();
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = retry_after.map(str::to_owned);
            // The status says what counts, also where the rest is too long or never comes.
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok(Answer { status, retry_after, body: body.map(|body| body.to_bytes().to_vec()).unwrap_or_default() })
        };
        let answer = timeout(REQUEST_TIME, exchange).await.unwrap_or_else(|_| Err(in_vain("it does not answer")))?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn still_open(&mut self) -> Option<Connection> {
        let mut kept = self.connection.take()?;
        matches!(timeout(CONNECT_TIME, kept.ready()).await, Ok(Ok(()))).then_some(kept)
    }

    async fn connect(&self) -> Result<Connection, NoAnswer> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(in_vain)?;
        let Some(tls) = &self.tls else { return speak(stream).await };
        let name = ServerName::try_from(host.clone()).map_err(in_vain)?;
        // A certificate that is not trusted now will not be in a second.
        let lasting =
            |error: io::Error| NoAnswer { transient: error.kind() != io::ErrorKind::InvalidData, ..in_vain(error) };
        speak(tls.connect(name, stream).await.map_err(lasting)?).await
    }
}

/// HTTP/1.1 on a stream.
async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Connection, NoAnswer> {
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(in_vain)?;
    // What ends the connection, the next request on it tells.
    tokio::spawn(driver);
    Ok(connection)
}

fn in_vain(error: impl ToString) -> NoAnswer {
    NoAnswer { why: error.to_string(), transient: true }
}

/// TLS with the endpoint's certificates; nothing where there are none.
fn trusting(endpoint: &Endpoint) -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for file in &endpoint.roots {
        // A certificate that cannot be used proves nothing; the others still do.
        roots.add_parsable_certificates(certificates(file));
    }
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(TlsConnector::from(Arc::new(versions.with_root_certificates(roots).with_no_client_auth())))
}

fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    let mut pem = Vec::new();
    match File::open(file).and_then(|file| file.take(ROOTS_BYTES_MAX).read_to_end(&mut pem)) {
        Ok(_) => CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect(),
        Err(_) => Vec::new(),
    }
}
