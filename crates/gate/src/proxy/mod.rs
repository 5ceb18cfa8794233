//! The gate as a proxy that programs are told of: HTTP and SOCKS5 on one port. Judged as what is redirected.

mod http;
mod socks;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout;

pub use wire::{Greeting, SocksError, SocksRequest, SocksTarget};

use crate::limits::HEAD_TIME;
use crate::session::Session;

/// Serves a client of the proxy.
pub(crate) async fn proxied(session: Arc<Session>, stream: TcpStream, client: SocketAddr) {
    match timeout(HEAD_TIME, first_byte(&stream)).await {
        Ok(Ok(Some(wire::VERSION))) => socks::serve(&session, stream, client).await,
        Ok(Ok(Some(_))) => http::serve(session, stream, client).await,
        _ => {}
    }
}

/// The first byte, which stays where it is.
async fn first_byte(stream: &TcpStream) -> io::Result<Option<u8>> {
    let mut byte = [0];
    Ok((stream.peek(&mut byte).await? > 0).then_some(byte[0]))
}
