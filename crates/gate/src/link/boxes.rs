//! What waits on both sides of the link, within the gate.

use tokio::sync::{mpsc, watch};

use super::{LinkError, Order, Report};
use crate::limits::{ORDERS_WAITING_MAX, REPORTS_WAITING_MAX};

/// Where reports are handed in. They wait in a queue of [`REPORTS_WAITING_MAX`]; when the supervisor does not read, what
/// would report waits too, so that nothing happens unseen.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<Report>,
    /// How many are handed in and not yet sent.
    unsent: watch::Sender<usize>,
}

/// Where orders are taken out. The end of it is the end of the link.
#[derive(Debug)]
pub(crate) struct Inbox(mpsc::Receiver<Result<Order, LinkError>>);

/// Reports that are to be sent.
pub(super) struct Outgoing {
    pub(super) reports: mpsc::Receiver<Report>,
    unsent: watch::Sender<usize>,
}

/// Where whoever reads the link puts orders; one that is malformed is the last.
pub(super) type Incoming = mpsc::Sender<Result<Order, LinkError>>;

/// Both boxes, and their other ends.
pub(super) fn boxes() -> ((Inbox, Outbox), (Incoming, Outgoing)) {
    let (sender, reports) = mpsc::channel(REPORTS_WAITING_MAX);
    let (incoming, orders) = mpsc::channel(ORDERS_WAITING_MAX);
    let unsent = watch::Sender::new(0);
    let outgoing = Outgoing { reports, unsent: unsent.clone() };
    ((Inbox(orders), Outbox { sender, unsent }), (incoming, outgoing))
}

impl Outbox {
    /// Hands in a report. A link that has closed swallows it: the gate is about to end.
    pub(crate) async fn send(&self, report: Report) {
        self.unsent.send_modify(|unsent| *unsent += 1);
        let _ = self.sender.send(report).await;
    }

    /// Waits until everything that was handed in has been sent.
    pub(crate) async fn flush(&self) {
        let _ = self.unsent.subscribe().wait_for(|unsent| *unsent == 0).await;
    }
}

impl Inbox {
    /// The next order; nothing when the link has closed.
    pub(crate) async fn next(&mut self) -> Result<Option<Order>, LinkError> {
        self.0.recv().await.transpose()
    }
}

impl Outgoing {
    /// Says that one has been sent.
    pub(super) fn count_sent(&self) {
        self.unsent.send_modify(|unsent| *unsent -= 1);
    }
}
