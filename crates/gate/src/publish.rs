//! Ports inside that the host's loopback shows: whoever connects there is connected to the sandbox's own loopback.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use pinfold_policy::{Destination, Host};
use tokio::net::TcpStream;

use crate::budget::Meter;
use crate::connection::Connection;
use crate::converse::end;
use crate::dial::settle;
use crate::link::Way;
use crate::relay::relay;
use crate::session::Session;
use crate::system::Dialler;
use crate::watch::Watch;

/// Carries a connection from outside to a port inside.
pub(crate) async fn carry(connection: Arc<Connection>, outside: TcpStream, dialler: Arc<Dialler>) {
    let port = connection.to.port;
    let dialled = tokio::task::spawn_blocking(move || dialler.dial(port)).await;
    let inside = dialled.map_err(io::Error::other).flatten().and_then(|inside| {
        inside.set_nonblocking(true)?;
        TcpStream::from_std(inside)
    });
    let inside = match inside.and_then(|inside| settle(&inside).map(|()| inside)) {
        Ok(inside) => inside,
        // The caller sees it close, as a connection to a service that has just ended.
        Err(error) => return connection.failed(format!("nobody inside answers: {error}")).await,
    };
    let address = inside.peer_addr().ok().map(|address| address.ip());
    connection.connected(address, false, &connection.session.rules().published(port));
    let meter = Meter::without_budget();
    // What inside sends is what leaves.
    let done = relay(inside, outside, Vec::new(), Watch::Over, &meter, pending()).await;
    connection.closed(&meter, end(done)).await;
}

/// Serves one port.
pub(crate) async fn serve(listener: tokio::net::TcpListener, port: u16, dialler: Arc<Dialler>, session: Arc<Session>) {
    let to = Destination::new(Host::Address(Ipv4Addr::LOCALHOST.into()), port);
    let work = move |session: Arc<Session>, outside, client| {
        carry(Connection::new(&session, Way::Published, to.clone(), client), outside, dialler.clone())
    };
    crate::accept::accept(listener, session, work).await;
}
