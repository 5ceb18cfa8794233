//! Connections that were redirected: where they were meant for, and one task for each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pinfold_policy::Destination;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::connection::Connection;
use crate::converse::converse;
use crate::dial::settle;
use crate::link::Way;
use crate::session::Session;

/// How long a listener that cannot accept waits, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The next connection, when there is room for it. Whoever waits for room waits in the kernel.
pub(crate) async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = room.clone().acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, client)) => return Some((place, stream, client)),
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Accepts connections as long as there is room, and hands each to a task.
pub(crate) async fn accept<Work, Done>(listener: TcpListener, session: Arc<Session>, work: Work)
where
    Work: Fn(Arc<Session>, TcpStream, SocketAddr) -> Done,
    Done: Future<Output = ()> + Send + 'static,
{
    while let Some((place, stream, client)) = next(&listener, &session.room).await {
        if settle(&stream).is_err() {
            continue;
        }
        let done = work(session.clone(), stream, client);
        let carried = session.carry();
        tokio::spawn(async move {
            done.await;
            drop((place, carried));
        });
    }
}

/// Carries a connection that was redirected.
pub(crate) async fn redirected(session: Arc<Session>, stream: TcpStream, client: SocketAddr) {
    // Somebody connected to the listener itself, which is a port like any other inside, but no host.
    let Some(wanted) = session.wanted(&stream) else { return crate::relay::break_off(&stream) };
    let literal = Destination { name: None, address: Some(wanted.ip().to_canonical()), port: wanted.port() };
    let connection = Connection::new(&session, Way::Transparent, session.meant(literal), client);
    converse(connection, stream, Vec::new()).await;
}
