//! One client of the HTTP proxy: `CONNECT`, and requests with an absolute target (RFC 9110, section 7.3.2; RFC 9112,
//! section 3.2.2).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use pinfold_policy::Destination;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::connection::{Connection, Pass};
use crate::converse::carry;
use crate::dial::Dialed;
use crate::http::{Body, Route, Version, answer, exchange, explain, serve as serve_http, target};
use crate::limits::PROXY_HOSTS_MAX;
use crate::link::{End, Way};
use crate::refusal::Refusal;
use crate::session::Session;

/// What the requests of one client share.
struct Client {
    session: Arc<Session>,
    address: SocketAddr,
    routes: tokio::sync::Mutex<Vec<Arc<Route>>>,
    tunnels: Mutex<Vec<JoinHandle<()>>>,
}

pub(super) async fn serve(session: Arc<Session>, stream: TcpStream, address: SocketAddr) {
    let client =
        Arc::new(Client { session, address, routes: tokio::sync::Mutex::default(), tunnels: Mutex::default() });
    let own = client.clone();
    let served = serve_http(stream, Version::One, move |request| handle(own.clone(), request));
    let end = match served.await {
        Ok(()) => End::Done,
        Err(error) => End::Failed { what: error.to_string() },
    };
    for route in client.routes.lock().await.drain(..) {
        close(&route, end.clone()).await;
    }
    let tunnels = std::mem::take(&mut *client.tunnels.lock().unwrap_or_else(PoisonError::into_inner));
    for tunnel in tunnels {
        let _ = tunnel.await;
    }
}

async fn close(route: &Route, end: End) {
    route.wait_for_upgraded().await;
    route.connection.closed(&route.meter, end).await;
}

async fn handle(client: Arc<Client>, request: Request<Incoming>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let to = match target(&parts) {
        Ok(to) => client.session.meant(to),
        Err(why) => {
            return refused(StatusCode::BAD_REQUEST, &Refusal::by_gate(why), "no such request to the gate's proxy");
        }
    };
    if parts.method == Method::CONNECT {
        return match parts.extensions.remove::<OnUpgrade>() {
            Some(upgrade) => tunnel(&client, to, upgrade).await,
            None => refused(StatusCode::BAD_REQUEST, &Refusal::by_gate("it is no tunnel"), "no tunnel"),
        };
    }
    match client.route(to).await {
        Ok(route) => exchange(route, Request::from_parts(parts, body)).await,
        Err(response) => *response,
    }
}

/// Makes a tunnel, in which the client begins anew.
async fn tunnel(client: &Client, to: Destination, upgrade: OnUpgrade) -> Response<Body> {
    let (connection, pass, dialed) = match client.reach(to, Way::Connect).await {
        Ok(reached) => reached,
        Err(response) => return *response,
    };
    let carried = tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        let stream = parts.io.into_inner();
        carry(&connection, stream, parts.read_buf.into(), pass, std::future::ready(Ok(dialed))).await;
    });
    client.tunnels.lock().unwrap_or_else(PoisonError::into_inner).push(carried);
    Response::new(http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync())
}

impl Client {
    /// The way to a host: one that is there, or a new one.
    async fn route(&self, to: Destination) -> Result<Arc<Route>, Box<Response<Body>>> {
        let mut routes = self.routes.lock().await;
        if let Some(route) = routes.iter().find(|route| route.pass.to == to) {
            return Ok(route.clone());
        }
        let (connection, pass, dialed) = self.reach(to, Way::Proxy).await?;
        let meter = match connection.meter() {
            Ok(meter) => Arc::new(meter),
            Err(refusal) => return Err(Box::new(refused(StatusCode::FORBIDDEN, &refusal, &connection.what()))),
        };
        connection.connected(dialed.address, true, &pass.ruling);
        let route = Route::new(connection, pass, meter, false, Version::One, Some(dialed));
        if routes.len() >= PROXY_HOSTS_MAX {
            let oldest = routes.remove(0);
            tokio::spawn(async move { close(&oldest, End::Done).await });
        }
        routes.push(route.clone());
        Ok(route)
    }

    /// A connection to a host, judged and dialled; or the answer that says why not.
    async fn reach(&self, to: Destination, way: Way) -> Result<(Arc<Connection>, Pass, Dialed), Box<Response<Body>>> {
        let connection = Connection::new(&self.session, way, to, self.address);
        match connection.reach().await {
            Ok((pass, dialed)) => Ok((connection, pass, dialed)),
            Err(error) => {
                let response = explain(&error, &connection.what());
                connection.unmade(error).await;
                Err(Box::new(response))
            }
        }
    }
}

fn refused(status: StatusCode, refusal: &Refusal, what: &str) -> Response<Body> {
    answer(status, refusal.text(what))
}
