//! The order of a gate's life.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Sockets;
use crate::accept::{accept, redirected};
use crate::dns::{serve_tcp, serve_udp};
use crate::limits::LAST_REPORTS_TIME;
use crate::link::{self, Inbox, Link, LinkError, Order, Report, Start, VERSION};
use crate::proxy::proxied;
use crate::publish;
use crate::secrets::BadPlaceholder;
use crate::session::{Session, Surroundings};
use crate::system::{self, Dialler};

/// Most threads that carry connections.
const THREADS_MAX: usize = 4;

/// Why a gate ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Its own process could not be closed to others, or not be confined.
    #[error("failed to confine the gate itself")]
    Itself(#[source] io::Error),
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
pub fn serve(start: Start, sockets: Sockets, link: impl Into<Link>) -> Result<(), GateError> {
    serve_in(start, sockets, link, Surroundings::default())
}

/// Serves in surroundings of a test's making.
///
/// # Errors
/// As [`serve`].
pub fn serve_in(
    start: Start,
    sockets: Sockets,
    link: impl Into<Link>,
    surroundings: Surroundings,
) -> Result<(), GateError> {
    system::raise_descriptors();
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let (mut inbox, outbox) = link::open(link.into())?;
    let session = Arc::new(Session::new(start, surroundings, outbox)?);
    let workers = Workers::start(&sockets, &session)?;
    let done = runtime.block_on(live(&mut inbox, sockets, &session));
    workers.stop();
    runtime.shutdown_background();
    done
}

/// The link, the names and published ports are this thread's, connections from inside are those of the workers.
async fn live(inbox: &mut Inbox, sockets: Sockets, session: &Arc<Session>) -> Result<(), GateError> {
    let proxy = sockets.proxy.first().and_then(|proxy| proxy.local_addr().ok()).map(|address| address.port());
    serve_here(sockets, session).map_err(listening)?;
    let ca = session.authority.as_ref().map(|authority| authority.pem().to_owned());
    session.outbox.send(Report::Ready { version: VERSION, ca, proxy }).await;
    while let Some(order) = inbox.next().await? {
        match order {
            Order::Stop => {
                let _ = timeout(LAST_REPORTS_TIME, session.last_reports()).await;
                break;
            }
            Order::Rules(rules) => {
                session.change_rules(*rules);
                session.outbox.send(Report::Ruled).await;
            }
            Order::Answer { id, answer } => session.ask.obey(id, answer),
        }
    }
    Ok(())
}

/// Threads that carry connections. Each accepts its own, and all that belongs to a connection stays with its thread, so
/// that no part of it waits for another thread to wake up.
struct Workers {
    running: watch::Sender<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    fn start(sockets: &Sockets, session: &Arc<Session>) -> Result<Self, GateError> {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let mut workers = Self { running: watch::Sender::new(()), threads: Vec::new() };
        for _ in 0..count {
            let runtime = runtime()?;
            let entered = runtime.enter();
            carry(sockets, session).map_err(listening)?;
            drop(entered);
            let mut stopped = workers.running.subscribe();
            let work = move || {
                runtime.block_on(async { while stopped.changed().await.is_ok() {} });
                // Connections are cut off, whatever they wait for.
                runtime.shutdown_background();
            };
            let thread = std::thread::Builder::new().name("connections".into()).spawn(work);
            workers.threads.push(thread.map_err(|source| GateError::Start { step: "start a thread", source })?);
        }
        Ok(workers)
    }

    fn stop(self) {
        drop(self.running);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn runtime() -> Result<Runtime, GateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| GateError::Start { step: "start the runtime", source })
}

fn listening(source: io::Error) -> GateError {
    GateError::Start { step: "listen", source }
}

fn serve_here(sockets: Sockets, session: &Arc<Session>) -> io::Result<()> {
    for socket in sockets.dns_udp {
        socket.set_nonblocking(true)?;
        tokio::spawn(serve_udp(tokio::net::UdpSocket::from_std(socket)?, session.clone()));
    }
    for socket in sockets.dns_tcp {
        tokio::spawn(serve_tcp(listener(socket)?, session.clone()));
    }
    let dialler = sockets.dialler.map(Dialler::new).transpose()?.map(Arc::new);
    for (port, socket) in sockets.published {
        let Some(dialler) = dialler.clone() else { break };
        tokio::spawn(publish::serve(listener(socket)?, port, dialler, session.clone()));
    }
    Ok(())
}

fn carry(sockets: &Sockets, session: &Arc<Session>) -> io::Result<()> {
    for socket in &sockets.proxy {
        tokio::spawn(accept(listener(socket.try_clone()?)?, session.clone(), proxied));
    }
    for socket in &sockets.redirected {
        tokio::spawn(accept(listener(socket.try_clone()?)?, session.clone(), redirected));
    }
    Ok(())
}

fn listener(socket: TcpListener) -> io::Result<tokio::net::TcpListener> {
    socket.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(socket)
}
