//! A connection from its beginning to its end: judge, dial, recognise, carry.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connection::{Connection, Pass};
use crate::dial::{DialError, Dialed, dial};
use crate::hello::Hello;
use crate::inspect::{plain, secure};
use crate::limits::REFUSAL_TIME;
use crate::link::End;
use crate::opening::{Opening, listen, open};
use crate::refusal::Refusal;
use crate::relay::{Cut, break_off, relay};
use crate::watch::Watch;

/// The fatal alert `access_denied` (RFC 8446, section 6.2) in a record of its own.
const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// Carries a connection whose client has said nothing yet but `early`.
pub(crate) async fn converse(connection: Arc<Connection>, client: TcpStream, early: Vec<u8>) {
    match connection.admit().await {
        Ok(pass) => {
            let (session, to) = (connection.session.clone(), pass.clone());
            let dialing = async move { dial(&session, &to).await };
            Box::pin(carry(&connection, client, early, pass, dialing)).await;
        }
        Err(refusal) => Box::pin(turn_away(&connection, client, early, &refusal)).await,
    }
}

/// Carries a connection that may be made.
pub(crate) async fn carry(
    connection: &Arc<Connection>,
    client: TcpStream,
    mut early: Vec<u8>,
    pass: Pass,
    dialing: impl Future<Output = Result<Dialed, DialError>>,
) {
    // In memory of its own, like what follows: a connection that only carries bytes is not as large as one that begins.
    let (opening, dialed) = Box::pin(open(&client, &mut early, pass.to.port, dialing)).await;
    if let Err(refusal) = agreed(connection, &opening) {
        return Box::pin(turn_away(connection, client, early, &refusal)).await;
    }
    let look = looks_inside(&opening, &pass);
    let rest: Pin<Box<dyn Future<Output = ()> + Send + '_>> = match (dialed, opening, look) {
        (Err(DialError::Refused(refusal)), ..) => {
            Box::pin(async move { turn_away(connection, client, early, &refusal).await })
        }
        // Only within TLS can the client be told why.
        (Err(DialError::Failed(_)), Opening::Tls(_), true) => Box::pin(secure(connection, client, early, pass, None)),
        (Err(DialError::Failed(why)), ..) => Box::pin(fail(connection, client, early, why)),
        (Ok(dialed), Opening::Tls(_), true) => Box::pin(secure(connection, client, early, pass, Some(dialed))),
        (Ok(dialed), Opening::Http, _) => Box::pin(plain(connection, client, early, pass, dialed)),
        (Ok(_), _, true) => Box::pin(async move {
            let refusal = Refusal::by_gate("it must be looked into, and speaks neither HTTP nor TLS");
            turn_away(connection, client, early, &refusal).await;
        }),
        (Ok(dialed), opening, false) => Box::pin(carry_opaque(connection, client, early, pass, opening, dialed)),
    };
    rest.await;
}

async fn carry_opaque(
    connection: &Arc<Connection>,
    client: TcpStream,
    early: Vec<u8>,
    pass: Pass,
    opening: Opening,
    dialed: Dialed,
) {
    let watch = match &opening {
        Opening::Tls(hello) => Watch::after(hello, &early),
        Opening::Other => Ok(Watch::Over),
        _ => Ok(Watch::unclear(&early)),
    };
    let ready =
        watch.map_err(|cut| Refusal::by_gate(cut.to_string())).and_then(|watch| Ok((watch, connection.meter()?)));
    let (watch, meter) = match ready {
        Ok(ready) => ready,
        Err(refusal) => return turn_away(connection, client, early, &refusal).await,
    };
    connection.connected(dialed.address, false, &pass.ruling);
    let done = relay(client, dialed.stream, early, watch, &meter, connection.taken_back(&pass)).await;
    connection.closed(&meter, end(done)).await;
}

/// Must it be opened? A rule may want it; and a hello with an encrypted part, or with what only looks like one (RFC 9849,
/// section 6.2), may name another host there. To the gate nothing is encrypted: a client that only pretended goes on.
fn looks_inside(opening: &Opening, pass: &Pass) -> bool {
    pass.ruling.inspect || matches!(opening, Opening::Tls(hello) if hello.encrypted)
}

/// Does what the client begins agree with where it is connected to?
fn agreed(connection: &Connection, opening: &Opening) -> Result<(), Refusal> {
    match opening {
        Opening::Tls(hello) => names_agree(connection, hello),
        Opening::BrokenTls => Err(Refusal::by_gate("its client hello could be read in several ways")),
        Opening::Late => Err(Refusal::by_gate("nothing was said for too long")),
        _ => Ok(()),
    }
}

/// A name in the hello must be the one that was connected to. None at all is none that could mean another host.
fn names_agree(connection: &Connection, hello: &Hello) -> Result<(), Refusal> {
    let Connection { session, to, .. } = connection;
    let named = hello.name.clone().map(|name| session.search.complete(name, &session.rules()));
    match &hello.name {
        Some(name) if named != to.name => Err(Refusal::by_gate(format!("its client hello names {name}"))),
        _ => Ok(()),
    }
}

/// Tells a refusal to the supervisor, and to the client in its own language.
pub(crate) async fn turn_away(connection: &Connection, client: TcpStream, mut early: Vec<u8>, refusal: &Refusal) {
    let (opening, ()) = tokio::join!(listen(&client, &mut early), connection.refused(refusal));
    let _ = timeout(REFUSAL_TIME, answer(client, opening, "403 Forbidden", &refusal.text(&connection.what()))).await;
}

async fn fail(connection: &Connection, client: TcpStream, mut early: Vec<u8>, why: String) {
    let text = Refusal::by_gate(why.as_str()).text(&connection.what());
    let _ = timeout(REFUSAL_TIME, async {
        let opening = listen(&client, &mut early).await;
        answer(client, opening, "502 Bad Gateway", &text).await
    })
    .await;
    connection.failed(why).await;
}

async fn answer(mut client: TcpStream, opening: Opening, status: &str, text: &str) -> io::Result<()> {
    match opening {
        Opening::Http => {
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: \
                 close\r\n\r\n",
                text.len()
            );
            client.write_all(format!("{head}{text}").as_bytes()).await?;
        }
        Opening::Tls(_) | Opening::BrokenTls => client.write_all(&ACCESS_DENIED).await?,
        _ => {
            break_off(&client);
            return Ok(());
        }
    }
    client.shutdown().await?;
    // What the client still says is taken, for otherwise its end of the connection would forget the answer.
    tokio::io::copy(&mut client, &mut tokio::io::sink()).await.map(drop)
}

/// How a connection ended whose bytes were relayed.
pub(crate) fn end(done: io::Result<()>) -> End {
    let Err(error) = done else { return End::Done };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Cut>()) {
        Some(cut) => End::Stopped { what: cut.to_string() },
        None => End::Failed { what: error.to_string() },
    }
}
