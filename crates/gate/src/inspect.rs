//! Connections that the gate looks into: requests with and without TLS.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::budget::Meter;
use crate::connection::{Connection, Pass};
use crate::converse::turn_away;
use crate::dial::Dialed;
use crate::http::{Prefixed, Route, Version, serve_route};
use crate::limits::HANDSHAKE_TIME;
use crate::link::End;
use crate::refusal::Refusal;
use crate::tls::HTTP_2;

/// Serves the requests of a connection without TLS.
pub(crate) async fn plain(connection: &Arc<Connection>, client: TcpStream, early: Vec<u8>, pass: Pass, dialed: Dialed) {
    let _place = connection.session.inspected.acquire().await;
    let meter = match connection.meter() {
        Ok(meter) => Arc::new(meter),
        Err(refusal) => return turn_away(connection, client, early, &refusal).await,
    };
    connection.connected(dialed.address, true, &pass.ruling);
    let version = Version::of(&early);
    let route = Route::new(connection.clone(), pass, meter.clone(), false, version, Some(dialed));
    let served = serve_route(Prefixed::new(early, client), version, route).await;
    close(connection, &meter, served.err().map(|error| error.to_string())).await;
}

/// Serves the requests of a connection with TLS. To its client the gate is the host.
pub(crate) async fn secure(
    connection: &Arc<Connection>,
    client: TcpStream,
    early: Vec<u8>,
    pass: Pass,
    dialed: Option<Dialed>,
) {
    let Some(authority) = &connection.session.authority else {
        let refusal = Refusal::by_gate("it must be looked into, but no program inside would trust the gate");
        return turn_away(connection, client, early, &refusal).await;
    };
    let _place = connection.session.inspected.acquire().await;
    let (meter, config) = match (connection.meter(), authority.config(&pass.to, &connection.session.search)) {
        (Ok(meter), Ok(config)) => (Arc::new(meter), config),
        (Err(refusal), _) => return turn_away(connection, client, early, &refusal).await,
        (_, Err(error)) => {
            let refusal = Refusal::by_gate(format!("no certificate could be made for it: {error}"));
            return turn_away(connection, client, early, &refusal).await;
        }
    };
    connection.connected(dialed.as_ref().and_then(|dialed| dialed.address), true, &pass.ruling);
    let accepting = TlsAcceptor::from(config).accept(Prefixed::new(early, client));
    let error = match timeout(HANDSHAKE_TIME, accepting).await {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.alpn_protocol() {
                Some(HTTP_2) => Version::Two,
                _ => Version::One,
            };
            let route = Route::new(connection.clone(), pass, meter.clone(), true, version, dialed);
            serve_route(stream, version, route).await.err().map(|error| error.to_string())
        }
        Ok(Err(error)) => Some(format!("the client does not trust the gate or breaks off: {error}")),
        Err(_) => Some("the client makes no handshake in time".to_owned()),
    };
    close(connection, &meter, error).await;
}

async fn close(connection: &Connection, meter: &Meter, error: Option<String>) {
    let end = match (meter.crossed(), error) {
        (Some(_), _) => End::Stopped { what: "a budget of the network is used up".to_owned() },
        (None, Some(what)) => End::Failed { what },
        (None, None) => End::Done,
    };
    connection.closed(meter, end).await;
}
