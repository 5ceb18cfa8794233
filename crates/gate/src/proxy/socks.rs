//! One client of SOCKS5.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use pinfold_policy::{Destination, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wire::{Greeting, SocksError, SocksRequest, SocksTarget, VERSION};
use crate::connection::Connection;
use crate::converse::carry;
use crate::dial::DialError;
use crate::limits::{OPENING_BYTES_MAX, OPENING_TIME};
use crate::link::Way;
use crate::session::Session;

/// What a request is answered with (RFC 1928, section 6).
#[derive(Debug, Clone, Copy)]
enum Code {
    Connected = 0,
    Failed = 1,
    NotAllowed = 2,
    Unreachable = 4,
    NoSuchCommand = 7,
}

pub(super) async fn serve(session: &Arc<Session>, mut stream: TcpStream, client: SocketAddr) {
    let mut early = Vec::new();
    let Ok(Ok(to)) = timeout(OPENING_TIME, request(&mut stream, &mut early)).await else { return };
    let connection = Connection::new(session, Way::Socks, session.meant(to), client);
    match connection.reach().await {
        Ok((pass, dialed)) => {
            if reply(&mut stream, Code::Connected).await.is_ok() {
                carry(&connection, stream, early, pass, std::future::ready(Ok(dialed))).await;
            }
        }
        Err(error) => {
            let code = match error {
                DialError::Refused(_) => Code::NotAllowed,
                DialError::Failed(_) => Code::Unreachable,
            };
            let _ = reply(&mut stream, code).await;
            connection.unmade(error).await;
        }
    }
}

/// The destination that a client asks for. What it says after that is left in `early`.
async fn request(stream: &mut TcpStream, early: &mut Vec<u8>) -> io::Result<Destination> {
    let greeting = read(stream, early, Greeting::read).await?;
    early.drain(..greeting.length);
    stream.write_all(&[VERSION, 0]).await?;
    let request = read(stream, early, SocksRequest::read).await?;
    early.drain(..request.length);
    let host = match request.target {
        SocksTarget::Address(address) => Ok(Host::Address(address.to_canonical())),
        SocksTarget::Text(text) => Host::new(&text),
    };
    match host {
        Ok(host) => Ok(Destination::new(host, request.port)),
        Err(error) => {
            reply(stream, Code::NotAllowed).await?;
            Err(io::Error::other(error))
        }
    }
}

async fn read<Message>(
    stream: &mut TcpStream,
    early: &mut Vec<u8>,
    parse: impl Fn(&[u8]) -> Result<Message, SocksError>,
) -> io::Result<Message> {
    loop {
        match parse(early) {
            Ok(message) => return Ok(message),
            Err(SocksError::Incomplete) if early.len() < OPENING_BYTES_MAX => {}
            Err(SocksError::NoMethod) => {
                stream.write_all(&[VERSION, 0xff]).await?;
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            Err(SocksError::NoConnect) => {
                reply(stream, Code::NoSuchCommand).await?;
                return Err(io::ErrorKind::Unsupported.into());
            }
            Err(_) => {
                reply(stream, Code::Failed).await?;
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        if stream.read_buf(early).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The address that the gate dials from is nobody's business inside.
async fn reply(stream: &mut TcpStream, code: Code) -> io::Result<()> {
    stream.write_all(&[VERSION, code as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await
}
