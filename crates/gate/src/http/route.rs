//! The way from one client to one host: connections to it that are open, and new ones.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Body, Metered, Version};
use crate::budget::Meter;
use crate::connection::{Connection, Pass};
use crate::dial::{DialError, Dialed, dial};
use crate::limits::{HANDSHAKE_TIME, IDLE_MAX, WINDOW_OUTSIDE_BYTES};
use crate::tls::{HTTP_2, server_name};

/// The way of one client's requests to one host.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) connection: Arc<Connection>,
    pub(crate) pass: Pass,
    pub(crate) meter: Arc<Meter>,
    /// Is TLS spoken to the host?
    pub(crate) secure: bool,
    /// What the client speaks: a host without TLS is spoken to in the same version.
    version: Version,
    /// The connection that was made before the first request was read.
    first: Mutex<Option<Dialed>>,
    two: tokio::sync::Mutex<Option<http2::SendRequest<Body>>>,
    idle: Mutex<Vec<http1::SendRequest<Body>>>,
    upgraded: Mutex<Vec<JoinHandle<()>>>,
}

/// A connection to the host that takes one request.
pub(super) enum Lease {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

impl Route {
    pub(crate) fn new(
        connection: Arc<Connection>,
        pass: Pass,
        meter: Arc<Meter>,
        secure: bool,
        version: Version,
        first: Option<Dialed>,
    ) -> Arc<Self> {
        Arc::new(Self {
            connection,
            pass,
            meter,
            secure,
            version,
            first: Mutex::new(first),
            two: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            upgraded: Mutex::default(),
        })
    }

    /// A connection for one request; `upgrade` asks for one that can become another protocol.
    pub(super) async fn lease(&self, upgrade: bool) -> Result<Lease, DialError> {
        if self.version == Version::Two && !upgrade {
            // Whoever comes while the first one dials waits for the same connection.
            let mut two = self.two.lock().await;
            if let Some(sender) = two.as_ref().filter(|sender| !sender.is_closed()) {
                return Ok(Lease::Two(sender.clone()));
            }
            if let Some(sender) = self.idle_one() {
                return Ok(Lease::One(sender));
            }
            let lease = self.open(true).await?;
            if let Lease::Two(sender) = &lease {
                *two = Some(sender.clone());
            }
            return Ok(lease);
        }
        match self.idle_one() {
            Some(sender) => Ok(Lease::One(sender)),
            None => self.open(false).await,
        }
    }

    fn idle_one(&self) -> Option<http1::SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(sender) = idle.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// Takes a connection back whose answer has come. It is ready again when the answer's body is read.
    pub(super) fn give_back(self: &Arc<Self>, mut sender: http1::SendRequest<Body>) {
        let route = self.clone();
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                let mut idle = route.idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < IDLE_MAX {
                    idle.push(sender);
                }
            }
        });
    }

    /// Sends a request that nobody has seen on a connection of its own.
    async fn send_again(self: &Arc<Self>, request: Request<Body>) -> Option<Result<Response<Incoming>, hyper::Error>> {
        let Ok(Lease::One(mut sender)) = self.open(false).await else { return None };
        let response = sender.send_request(request).await;
        self.give_back(sender);
        Some(response)
    }

    async fn open(&self, http_2: bool) -> Result<Lease, DialError> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let dialed = match first.filter(Dialed::is_open) {
            Some(dialed) => dialed,
            None => dial(&self.connection.session, &self.pass).await?,
        };
        let stream = Metered::new(dialed.stream, self.meter.clone());
        let opened = async {
            match self.secure {
                false => handshake(stream, http_2).await.map_err(|error| failed(self, &error)),
                true => self.open_secure(stream, http_2).await,
            }
        };
        timeout(HANDSHAKE_TIME, opened).await.unwrap_or_else(|_| Err(failed(self, &"no handshake in time")))
    }

    async fn open_secure<Io>(&self, stream: Io, http_2: bool) -> Result<Lease, DialError>
    where
        Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let config = self.connection.session.trust.config(http_2);
        let config = config.ok_or_else(|| failed(self, &"the certificates that this host trusts were not found"))?;
        let name = server_name(&self.pass.to).ok_or_else(|| failed(self, &"no certificate could name it"))?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| failed(self, &error))?;
        let http_2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        handshake(stream, http_2).await.map_err(|error| failed(self, &error))
    }

    /// Something goes on after the requests of its connection.
    pub(super) fn goes_on(&self, upgraded: JoinHandle<()>) {
        self.upgraded.lock().unwrap_or_else(PoisonError::into_inner).push(upgraded);
    }

    pub(crate) async fn wait_for_upgraded(&self) {
        let upgraded = std::mem::take(&mut *self.upgraded.lock().unwrap_or_else(PoisonError::into_inner));
        for task in upgraded {
            let _ = task.await;
        }
    }
}

impl Lease {
    /// Sends a request; the answer comes before its body.
    pub(super) async fn send(
        self,
        request: Request<Body>,
        route: &Arc<Route>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        match self {
            Self::Two(mut sender) => sender.send_request(request).await,
            Self::One(mut sender) => {
                let response = match sender.try_send_request(request).await {
                    Ok(response) => response,
                    Err(mut error) => match error.take_message() {
                        // The host had closed the connection before it could see the request.
                        Some(request) => return route.send_again(request).await.ok_or_else(|| error.into_error())?,
                        None => return Err(error.into_error()),
                    },
                };
                route.give_back(sender);
                Ok(response)
            }
        }
    }

    /// Does the host speak HTTP/2?
    pub(super) fn is_two(&self) -> bool {
        matches!(self, Self::Two(_))
    }
}

async fn handshake<Io>(io: Io, http_2: bool) -> Result<Lease, hyper::Error>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if http_2 {
        let mut client = http2::Builder::new(TokioExecutor::new());
        client.timer(TokioTimer::new());
        client.initial_stream_window_size(WINDOW_OUTSIDE_BYTES).initial_connection_window_size(WINDOW_OUTSIDE_BYTES);
        let (sender, connection) = client.handshake(TokioIo::new(io)).await?;
        tokio::spawn(connection);
        return Ok(Lease::Two(sender));
    }
    let (sender, connection) = http1::Builder::new().preserve_header_case(true).handshake(TokioIo::new(io)).await?;
    tokio::spawn(connection.with_upgrades());
    Ok(Lease::One(sender))
}

fn failed(route: &Route, why: &dyn std::fmt::Display) -> DialError {
    DialError::Failed(format!("{} cannot be used: {why}", route.pass.to))
}
