//! A connection from its beginning to its end: judge, dial, recognise, carry.

use std::io;
use std::sync::Arc;

use pinfold_policy::Destination;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connection::{Connection, Pass};
use crate::dial::{DialError, Dialed, dial};
use crate::hello::Hello;
use crate::limits::REFUSAL_TIME;
use crate::link::End;
use crate::opening::{Opening, listen, open};
use crate::refusal::Refusal;
use crate::relay::{Cut, Watch, break_off, relay};

/// The fatal alert `access_denied` (RFC 8446, section 6.2) in a record of its own.
const ACCESS_DENIED: [u8; 7] = [21, 3, 3, 0, 2, 2, 49];

/// Carries a connection whose client has said nothing yet but `early`.
pub(crate) async fn converse(connection: Arc<Connection>, client: TcpStream, early: Vec<u8>) {
    match connection.admit().await {
        Ok(pass) => carry(&connection, client, early, pass).await,
        Err(refusal) => turn_away(&connection, client, early, &refusal).await,
    }
}

/// Carries a connection that may be made.
pub(crate) async fn carry(connection: &Arc<Connection>, client: TcpStream, mut early: Vec<u8>, pass: Pass) {
    let dialing = dial(&connection.session, &pass);
    let (opening, dialed) = open(&client, &mut early, pass.to.port, dialing).await;
    match agreed(&opening, &pass) {
        Ok(()) => {}
        Err(refusal) => return turn_away(connection, client, early, &refusal).await,
    }
    match dialed {
        Ok(dialed) => carry_opaque(connection, client, early, pass, opening, dialed).await,
        Err(DialError::Refused(refusal)) => turn_away(connection, client, early, &refusal).await,
        Err(DialError::Failed(why)) => fail(connection, client, early, why).await,
    }
}

async fn carry_opaque(
    connection: &Arc<Connection>,
    client: TcpStream,
    early: Vec<u8>,
    pass: Pass,
    opening: Opening,
    dialed: Dialed,
) {
    let meter = match connection.meter() {
        Ok(meter) => meter,
        Err(refusal) => return turn_away(connection, client, early, &refusal).await,
    };
    connection.connected(dialed.address, false, &pass.ruling);
    let watch = if opening == Opening::Unclear { Watch::after(&early) } else { Watch::default() };
    let done = relay(client, dialed.stream, early, watch, &meter).await;
    connection.closed(&meter, end(done)).await;
}

/// Does what the client begins agree with where it is connected to?
fn agreed(opening: &Opening, pass: &Pass) -> Result<(), Refusal> {
    match opening {
        Opening::Tls(hello) => names_agree(hello, &pass.to),
        Opening::BrokenTls => Err(Refusal::by_gate("its client hello could be read in several ways")),
        Opening::Late => Err(Refusal::by_gate("nothing was said for too long")),
        _ => Ok(()),
    }
}

/// A name in the hello must be the one that was connected to. None at all is none that could mean another host.
fn names_agree(hello: &Hello, to: &Destination) -> Result<(), Refusal> {
    match &hello.name {
        Some(name) if Some(name) != to.name.as_ref() => Err(Refusal::by_gate(format!("its client hello names {name}"))),
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
    if let Ok(meter) = connection.meter() {
        connection.closed(&meter, End::Failed { what: why }).await;
    }
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

fn end(done: io::Result<()>) -> End {
    let Err(error) = done else { return End::Done };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Cut>()) {
        Some(cut) => End::Stopped { what: cut.to_string() },
        None => End::Failed { what: error.to_string() },
    }
}
