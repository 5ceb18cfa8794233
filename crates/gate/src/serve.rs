//! The order of a gate's life.

use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Sockets;
use crate::accept::{accept, redirected};
use crate::dns::{serve_tcp, serve_udp};
use crate::limits::{CONNECTIONS_MAX, LAST_REPORTS_TIME};
use crate::link::{self, LinkError, Order, Report, Start, VERSION};
use crate::proxy::proxied;
use crate::publish::{self, Dialler};
use crate::secrets::BadPlaceholder;
use crate::session::{Session, Surroundings};

/// Most threads that carry connections.
const THREADS_MAX: usize = 4;

/// Why a gate ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The link to the supervisor.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Secrets that cannot be kept.
    #[error(transparent)]
    Secrets(#[from] BadPlaceholder),
    /// Something at the start, fit for "failed to …".
    #[error("failed to {step}")]
    Start {
        /// What.
        step: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Serves until the supervisor says stop or closes the link.
///
/// # Errors
/// When it cannot begin, or the supervisor talks nonsense. Then, as at any end, no connection goes on.
pub fn serve(start: Start, sockets: Sockets, link: OwnedFd) -> Result<(), GateError> {
    serve_in(start, sockets, link, Surroundings::default())
}

/// Serves in surroundings of a test's making.
///
/// # Errors
/// As [`serve`].
pub fn serve_in(start: Start, sockets: Sockets, link: OwnedFd, surroundings: Surroundings) -> Result<(), GateError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|source| GateError::Start { step: "start the runtime", source })?;
    let done = runtime.block_on(live(start, sockets, link, surroundings));
    // Connections are cut off, whatever they wait for.
    runtime.shutdown_background();
    done
}

async fn live(start: Start, sockets: Sockets, link: OwnedFd, surroundings: Surroundings) -> Result<(), GateError> {
    raise_descriptors();
    let (inbox, outbox) = link::open(link)?;
    let session = Arc::new(Session::new(start, surroundings, outbox)?);
    let mut listeners = listen(sockets, &session).map_err(|source| GateError::Start { step: "listen", source })?;
    let ca = session.authority.as_ref().map(|authority| authority.pem().to_owned());
    session.outbox.send(Report::Ready { version: VERSION, ca }).await;
    while let Some(order) = inbox.next().await? {
        match order {
            Order::Stop => {
                listeners.shutdown().await;
                let _ = timeout(LAST_REPORTS_TIME, last_reports(&session)).await;
                break;
            }
            answer => session.ask.obey(answer),
        }
    }
    Ok(())
}

/// Waits for what is still to be told: nobody is inside any more, so that connections end by themselves.
async fn last_reports(session: &Session) {
    let everyone = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ended = session.room.acquire_many(everyone).await;
    session.outbox.flush().await;
}

fn listen(sockets: Sockets, session: &Arc<Session>) -> io::Result<JoinSet<()>> {
    let mut listeners = JoinSet::new();
    for socket in sockets.dns_udp {
        listeners.spawn(serve_udp(datagrams(socket)?, session.clone()));
    }
    for socket in sockets.dns_tcp {
        listeners.spawn(serve_tcp(listener(socket)?, session.clone()));
    }
    for socket in sockets.proxy {
        listeners.spawn(accept(listener(socket)?, session.clone(), proxied));
    }
    for socket in sockets.redirected {
        listeners.spawn(accept(listener(socket)?, session.clone(), redirected));
    }
    let dialler = sockets.dialler.map(Dialler::new).transpose()?.map(Arc::new);
    for (port, socket) in sockets.published {
        let Some(dialler) = dialler.clone() else { break };
        listeners.spawn(publish::serve(listener(socket)?, port, dialler, session.clone()));
    }
    Ok(listeners)
}

fn listener(socket: TcpListener) -> io::Result<tokio::net::TcpListener> {
    socket.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(socket)
}

fn datagrams(socket: UdpSocket) -> io::Result<tokio::net::UdpSocket> {
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

/// As many descriptors as there may be: each connection needs two, and a shell's limit is often 1024.
fn raise_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With fewer, connections wait until others end.
    let _ = setrlimit(Resource::Nofile, limit);
}
