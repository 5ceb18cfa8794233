//! A link of two streams, such as standard input and output. Where pipes cannot be waited for beside everything else,
//! each has a thread.

use std::fmt;
use std::io::{self, Read, Write};
use std::thread;

use super::boxes::{Inbox, Incoming, Outbox, Outgoing, boxes};
use super::{LinkError, frames};

/// The gate's ends: orders come in, reports go out.
pub struct Pipes {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
}

impl fmt::Debug for Pipes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipes").finish_non_exhaustive()
    }
}

impl Pipes {
    /// A link whose first message has been taken.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Self {
        Self { input: Box::new(input), output: Box::new(output) }
    }

    /// Takes the link into the runtime. The threads end with the link, or with the process.
    pub(super) fn open(self) -> Result<(Inbox, Outbox), LinkError> {
        let Self { input, output } = self;
        let (own, (incoming, outgoing)) = boxes();
        begin("orders", move || fetch(input, incoming)).map_err(LinkError::Receive)?;
        begin("reports", move || post(output, outgoing)).map_err(LinkError::Send)?;
        Ok(own)
    }
}

fn begin(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

fn fetch(mut input: Box<dyn Read + Send>, orders: Incoming) {
    while let Some(order) = frames::receive(&mut input).transpose() {
        let last = order.is_err();
        if orders.blocking_send(order).is_err() || last {
            return;
        }
    }
}

fn post(mut output: Box<dyn Write + Send>, mut outgoing: Outgoing) {
    while let Some(report) = outgoing.reports.blocking_recv() {
        // Every text in a report is cut where it is made, so that only a closed link is in the way.
        if let Err(LinkError::Send(_)) = frames::send(&mut output, &report) {
            return;
        }
        outgoing.count_sent();
    }
}
