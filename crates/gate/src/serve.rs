//! The order of a gate's life.

use std::io;
use std::os::fd::OwnedFd;

use crate::Sockets;
use crate::link::{self, LinkError, Order, Report, Start, VERSION};

/// Why a gate ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The link to the supervisor.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Something at the start, fit for "failed to …".
    #[error("failed to {step}")]
    Start {
        /// What.
        step: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Serves until the supervisor says stop or closes the link.
///
/// # Errors
/// When it cannot begin, or the supervisor talks nonsense. Then, as at any end, no connection goes on.
pub fn serve(start: Start, sockets: Sockets, link: OwnedFd) -> Result<(), GateError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|source| GateError::Start { step: "start the runtime", source })?;
    let done = runtime.block_on(live(start, sockets, link));
    // Connections are cut off, whatever they wait for.
    runtime.shutdown_background();
    done
}

async fn live(_start: Start, _sockets: Sockets, link: OwnedFd) -> Result<(), GateError> {
    let (inbox, outbox) = link::open(link)?;
    outbox.send(Report::Ready { version: VERSION, ca: None }).await;
    while let Some(order) = inbox.next().await? {
        match order {
            Order::Stop => break,
            Order::Answer { .. } => {}
        }
    }
    Ok(())
}
