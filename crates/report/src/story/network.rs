//! Who was reached, and who was not.

use std::collections::BTreeMap;

use pinfold_ledger::Event;
use pinfold_ledger::event::{Verdict, Way};

use crate::limits::HOSTS_MAX;

/// Hosts with their ports, and what went to and fro.
#[derive(Debug, Default)]
pub(crate) struct Network {
    hosts: BTreeMap<(String, u16), Host>,
    /// Events of hosts that there was no room for.
    pub(crate) more: u64,
}

/// A host.
#[derive(Debug, Default)]
pub(crate) struct Host {
    pub(crate) allowed: u64,
    pub(crate) refused: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    /// Why and by which rule, as last told; a refusal is told before anything else.
    pub(crate) reason: String,
    pub(crate) rule: Option<String>,
}

impl Network {
    pub(super) fn add(&mut self, event: &Event) {
        match event {
            // What came from outside has reached nobody.
            Event::Connect { way: Way::Published, .. } | Event::Close { way: Way::Published, .. } => {}
            Event::Connect { host, port, verdict, .. } => self.judge(host, *port, verdict),
            // A request that is let through is part of a connection that was.
            Event::Request { host, port, verdict, .. } if !verdict.allow => self.judge(host, *port, verdict),
            Event::Lookup { name, verdict, .. } if !verdict.allow => self.judge(name, 0, verdict),
            Event::Close { host, port, bytes_out, bytes_in, .. } => {
                if let Some(host) = self.host(host, *port) {
                    host.bytes_out = host.bytes_out.saturating_add(*bytes_out);
                    host.bytes_in = host.bytes_in.saturating_add(*bytes_in);
                }
            }
            _ => {}
        }
    }

    fn judge(&mut self, host: &str, port: u16, verdict: &Verdict) {
        let Some(host) = self.host(host, port) else { return };
        *(if verdict.allow { &mut host.allowed } else { &mut host.refused }) += 1;
        if !verdict.allow || host.refused == 0 {
            host.reason.clone_from(&verdict.reason);
            host.rule.clone_from(&verdict.rule);
        }
    }

    fn host(&mut self, host: &str, port: u16) -> Option<&mut Host> {
        let key = (host.to_owned(), port);
        if !self.hosts.contains_key(&key) && self.hosts.len() >= HOSTS_MAX {
            self.more += 1;
            return None;
        }
        Some(self.hosts.entry(key).or_default())
    }

    /// Refused ones first, then those that most was sent to. The port of a name that was only asked for is 0.
    pub(crate) fn rows(&self) -> Vec<(&str, u16, &Host)> {
        let mut rows: Vec<_> = self.hosts.iter().map(|((name, port), host)| (&**name, *port, host)).collect();
        rows.sort_by_key(|(_, _, host)| std::cmp::Reverse((host.refused > 0, host.bytes_out)));
        rows
    }

    /// How many hosts were reached, and how many refused.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |wanted: fn(&Host) -> bool| self.hosts.values().filter(|host| wanted(host)).count() as u64;
        (count(|host| host.allowed > 0), count(|host| host.refused > 0))
    }
}

#[cfg(test)]
mod tests {
    use pinfold_ledger::event::ConnectionEnd;

    use super::*;

    #[test]
    fn what_comes_from_outside_reaches_nobody() {
        let reached = |way| {
            let (host, verdict) = ("127.0.0.1".to_owned(), Verdict { allow: true, reason: "so".into(), rule: None });
            let (connection, port, end) = (1, 8080, ConnectionEnd::Done);
            let (address, process, inspected) = (None, None, false);
            let mut network = Network::default();
            let host_again = host.clone();
            network.add(&Event::Connect { connection, host, port, address, way, process, inspected, verdict });
            let host = host_again;
            network.add(&Event::Close { connection, host, port, way, bytes_out: 7, bytes_in: 5, ms: 1, end });
            network.counts().0
        };
        assert_eq!((reached(Way::Published), reached(Way::Socks)), (0, 1));
    }
}
