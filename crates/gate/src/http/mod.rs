//! Requests one by one: parsed by hyper, judged, and written anew, so that both sides of the gate read the same.

mod agree;
mod answer;
mod exchange;
mod headers;
mod io;
mod route;
mod taken_back;
mod upgrade;

use std::sync::Arc;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use agree::target;
pub(crate) use answer::text as answer;
pub(crate) use exchange::{exchange, explain};
pub(crate) use io::{Metered, Prefixed};
pub(crate) use route::Route;

use crate::limits::{HEAD_BYTES_MAX, HEAD_TIME, HEADERS_MAX, STREAMS_MAX, WINDOW_INSIDE_BYTES};

/// Any error, as bodies have them.
pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or an answer, as a stream.
pub(crate) type Body = UnsyncBoxBody<Bytes, AnyError>;

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.0 or HTTP/1.1.
    One,
    /// HTTP/2.
    Two,
}

/// What a client of HTTP/2 says first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

impl Version {
    /// The version that a client without TLS begins with.
    pub(crate) fn of(early: &[u8]) -> Self {
        if early.starts_with(PREFACE) { Self::Two } else { Self::One }
    }
}

/// Serves the requests of one connection until its client has no more.
pub(crate) async fn serve<Io, Handle, Done>(io: Io, version: Version, handle: Handle) -> Result<(), hyper::Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    Handle: Fn(hyper::Request<Incoming>) -> Done + Clone + Send + 'static,
    Done: Future<Output = hyper::Response<Body>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let done = handle(request);
        async move { Ok::<_, std::convert::Infallible>(done.await) }
    });
    match version {
        Version::One => {
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
            server.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
            server.half_close(true).preserve_header_case(true);
            server.serve_connection(TokioIo::new(io), service).with_upgrades().await
        }
        Version::Two => {
            let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.timer(TokioTimer::new());
            server.max_concurrent_streams(STREAMS_MAX).max_header_list_size(HEAD_BYTES_MAX as u32);
            server.initial_stream_window_size(WINDOW_INSIDE_BYTES).initial_connection_window_size(WINDOW_INSIDE_BYTES);
            server.serve_connection(TokioIo::new(io), service).await
        }
    }
}

/// Serves the requests of a client that wants to one host.
pub(crate) async fn serve_route<Io>(io: Io, version: Version, route: Arc<Route>) -> Result<(), hyper::Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let own = route.clone();
    let served = serve(io, version, move |request| exchange(own.clone(), request)).await;
    route.wait_for_upgraded().await;
    served
}
