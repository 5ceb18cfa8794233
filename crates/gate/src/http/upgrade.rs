//! What was HTTP and is a WebSocket now: bytes both ways.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};

use crate::secrets::{Look, ScanIn};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 16 << 10;

/// Carries bytes both ways until both sides have said all, or the host says something that must not come in.
pub(super) async fn join(client: OnUpgrade, server: OnUpgrade, mut scan: ScanIn) {
    let (Ok(client), Ok(server)) = tokio::join!(client, server) else { return };
    let (mut from_client, mut to_client) = split(TokioIo::new(client));
    let (mut from_server, mut to_server) = split(TokioIo::new(server));
    let out = async {
        copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await
    };
    let back = async {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = from_server.read(&mut piece).await?;
            if count == 0 {
                to_client.write_all(&scan.rest()).await?;
                return to_client.shutdown().await;
            }
            let clean = scan.pass(hyper::body::Bytes::copy_from_slice(piece.get(..count).unwrap_or_default()));
            to_client.write_all(&clean.map_err(std::io::Error::other)?).await?;
        }
    };
    // Either side that breaks off ends both.
    let _ = tokio::try_join!(out, back);
}
