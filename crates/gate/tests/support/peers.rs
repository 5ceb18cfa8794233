//! Servers and clients that speak TLS and HTTP, made of the same libraries as the gate.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client};

/// A certificate authority that only some trust.
pub(crate) struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate as a file, as hosts keep them.
    pub(crate) file: PathBuf,
    pub(crate) pem: String,
}

static FILES: AtomicU32 = AtomicU32::new(0);

impl TestCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        let name = format!("pinfold-gate-test-{}-{}.pem", std::process::id(), FILES.fetch_add(1, Relaxed));
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, &pem).expect("written");
        Self { issuer: Issuer::new(params, key), file, pem }
    }

    /// What a server of this name is.
    pub(crate) fn server(&self, name: &str, alpn: &[&str]) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("parameters");
        let chain = vec![params.signed_by(&key, &self.issuer).expect("a certificate").der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_no_client_auth();
        let mut config = config.with_single_cert(chain, key.into()).expect("a certificate that fits");
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Drop for TestCa {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A listener on this machine, and its port.
pub(crate) async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// What a handler gets: a request with its whole body.
pub(crate) type Asked = Request<Bytes>;

/// A server of HTTP on this machine: with TLS if there is a configuration. Its port.
pub(crate) async fn http_server<Handler>(tls: Option<Arc<ServerConfig>>, handler: Handler) -> u16
where
    Handler: Fn(Asked) -> Response<Bytes> + Clone + Send + Sync + 'static,
{
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, handler) = (tls.clone(), handler.clone());
            tokio::spawn(async move {
                let Some(tls) = tls else { return serve(stream, false, handler).await };
                let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
                let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                serve(stream, two, handler).await;
            });
        }
    });
    port
}

async fn serve<Io, Handler>(io: Io, two: bool, handler: Handler)
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    Handler: Fn(Asked) -> Response<Bytes> + Clone + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            Ok::<_, Infallible>(handler(Request::from_parts(parts, body)).map(Full::new))
        }
    });
    let _ = match two {
        true => {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(io), service).await
        }
        false => hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service).await,
    };
}

/// An answer in words.
pub(crate) fn says(text: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(text.into())
}

/// A handshake with whoever is trusted by this certificate.
pub(crate) async fn tls(
    stream: TcpStream,
    ca: &str,
    name: &str,
    alpn: &[&str],
) -> std::io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("a certificate")).expect("trusted");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A client of HTTP/1.1 on a connection.
pub(crate) async fn client_1<Io>(io: Io) -> hyper::client::conn::http1::SendRequest<Full<Bytes>>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await.expect("a handshake");
    tokio::spawn(connection.with_upgrades());
    sender
}

/// A client of HTTP/2 on a connection.
pub(crate) async fn client_2<Io>(io: Io) -> hyper::client::conn::http2::SendRequest<Full<Bytes>>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io));
    let (sender, connection) = handshake.await.expect("a handshake");
    tokio::spawn(connection);
    sender
}

/// A request without a body.
pub(crate) fn get(target: &str, host: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().uri(target);
    let request = if host.is_empty() { request } else { request.header("host", host) };
    request.body(Full::default()).expect("a request")
}

/// Status and text of an answer.
pub(crate) async fn read(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.into()).expect("text"))
}

/// A server on this machine; what it does with each connection.
pub(crate) async fn server<Done>(serve: impl Fn(TcpStream) -> Done + Send + 'static) -> u16
where
    Done: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// A server that says what it is told.
pub(crate) async fn echo() -> u16 {
    server(|mut stream| async move {
        let (mut read, mut write) = stream.split();
        tokio::io::copy(&mut read, &mut write).await?;
        write.shutdown().await
    })
    .await
}
