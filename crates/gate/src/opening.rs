//! The beginning of a connection: who speaks first, and what.

use std::future::Future;
use std::io;
use std::pin::pin;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::dial::{DialError, Dialed};
use crate::hello::Hello;
use crate::limits::{OPENING_BYTES_MAX, OPENING_TIME, PATIENCE, REFUSAL_TIME, SILENCE_AT_FIRST};
use crate::sniff::{Sniffed, sniff};

/// The port where nothing but HTTP is expected, so that a slow client is waited for.
const HTTP_PORT: u16 = 80;

/// How a connection begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The client begins TLS.
    Tls(Hello),
    /// The client begins TLS in a way that could be misread.
    BrokenTls,
    /// The client makes a request.
    Http,
    /// The client says something else.
    Other,
    /// The client has said something that could still become a request.
    Unclear,
    /// The server speaks first, or the client has nothing to say.
    Server,
    /// Too little was said in too much time.
    Late,
}

/// Waits for what both sides say first, while the server is being dialled.
pub(crate) async fn open(
    client: &TcpStream,
    early: &mut Vec<u8>,
    port: u16,
    dialing: impl Future<Output = Result<Dialed, DialError>>,
) -> (Opening, Result<Dialed, DialError>) {
    let mut dialing = pin!(dialing);
    let mut dialed = None;
    let opening = {
        let begun = Instant::now();
        let mut first_byte = None;
        loop {
            let text = match decided(early) {
                Ok(opening) => break opening,
                Err(text) => text,
            };
            let deadline = match first_byte {
                // A host that cannot be reached need not be waited for.
                None if matches!(dialed, Some(Err(_))) => Instant::now() + PATIENCE,
                None => begun + SILENCE_AT_FIRST,
                Some(since) if text && port != HTTP_PORT => since + PATIENCE,
                Some(since) => since + OPENING_TIME,
            };
            tokio::select! {
                biased;
                read = read_more(client, early) => match read {
                    Ok(0) | Err(_) => break if early.is_empty() { Opening::Server } else { Opening::Other },
                    Ok(_) => first_byte = first_byte.or(Some(Instant::now())),
                },
                result = &mut dialing, if dialed.is_none() => dialed = Some(result),
                () = server_speaks(&dialed) => break if early.is_empty() { Opening::Server } else { Opening::Unclear },
                () = sleep_until(deadline) => {
                    break if early.is_empty() || !text || port == HTTP_PORT { Opening::Late } else { Opening::Unclear };
                }
            }
        }
    };
    let dialed = match dialed {
        Some(dialed) => dialed,
        None => dialing.await,
    };
    (opening, dialed)
}

/// Waits, for a short time, for what a client says that is to be refused.
pub(crate) async fn listen(client: &TcpStream, early: &mut Vec<u8>) -> Opening {
    let deadline = Instant::now() + REFUSAL_TIME;
    loop {
        if let Ok(opening) = decided(early) {
            return opening;
        }
        tokio::select! {
            read = read_more(client, early) => if !read.is_ok_and(|count| count > 0) { return Opening::Other },
            () = sleep_until(deadline) => return Opening::Late,
        }
    }
}

/// What the client begins; or whether it is text so far.
fn decided(early: &[u8]) -> Result<Opening, bool> {
    match sniff(early) {
        Sniffed::Tls(hello) => Ok(Opening::Tls(hello)),
        Sniffed::BrokenTls => Ok(Opening::BrokenTls),
        Sniffed::Http => Ok(Opening::Http),
        Sniffed::Other => Ok(Opening::Other),
        Sniffed::Undecided { text } if early.len() < OPENING_BYTES_MAX => Err(text),
        Sniffed::Undecided { text } => Ok(if text { Opening::Http } else { Opening::BrokenTls }),
    }
}

/// Reads what there is, and no more than is needed to recognise it.
async fn read_more(client: &TcpStream, early: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        client.readable().await?;
        let mut bytes = [0; 2048];
        let room = bytes.len().min(OPENING_BYTES_MAX.saturating_sub(early.len()));
        match client.try_read(bytes.get_mut(..room).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => {
                let count = read?;
                early.extend_from_slice(bytes.get(..count).unwrap_or_default());
                return Ok(count);
            }
        }
    }
}

async fn server_speaks(dialed: &Option<Result<Dialed, DialError>>) {
    match dialed {
        // Its end counts as well: then nothing that the client could say matters. A look at the byte, as a socket from
        // which the head of a proxy was read counts as readable until somebody has looked.
        Some(Ok(dialed)) => drop(dialed.stream.peek(&mut [0]).await),
        _ => std::future::pending().await,
    }
}
