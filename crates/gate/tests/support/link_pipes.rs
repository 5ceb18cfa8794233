//! Two pipes between a gate in this process and its test.

use std::io::{PipeReader, PipeWriter, pipe};

use pinfold_gate::link::{Order, Pipes, Report, Start, frames};
use pinfold_gate::{Sockets, Surroundings, serve_in};
use tokio::sync::mpsc;

use super::Listeners;

/// The supervisor's ends.
pub(crate) struct Link {
    orders: PipeWriter,
    reports: PipeReader,
}

impl Link {
    /// Starts a gate with these sockets, which come from nobody else.
    pub(crate) fn start(start: Start, listeners: Listeners, surroundings: Surroundings) -> Self {
        let ((mut input, mut orders), (reports, output)) = (pipe().expect("a pipe"), pipe().expect("a pipe"));
        let Listeners { redirected, redirected_6, proxy, dns, dns_tcp } = listeners;
        let sockets = Sockets {
            redirected: vec![redirected, redirected_6],
            proxy: vec![proxy],
            dns_udp: vec![dns],
            dns_tcp: vec![dns_tcp],
            ..Sockets::default()
        };
        std::thread::spawn(move || {
            let start = frames::receive_start(&mut input).expect("received");
            serve_in(start, sockets, Pipes::new(input, output), surroundings).expect("served");
        });
        frames::send_start(&mut orders, &start).expect("sent");
        Self { orders, reports }
    }

    pub(crate) fn order(&self, order: Order) {
        frames::send(&mut &self.orders, &order).expect("sent");
    }

    pub(crate) fn listen(&self) -> mpsc::UnboundedReceiver<Report> {
        let mut link = self.reports.try_clone().expect("a copy");
        let (sender, reports) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            while let Ok(Some(report)) = frames::receive(&mut link) {
                if sender.send(report).is_err() {
                    return;
                }
            }
        });
        reports
    }
}
