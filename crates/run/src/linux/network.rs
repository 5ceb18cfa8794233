//! Whether something inside looked for a network that is not there. The kernel counts it for each network namespace, so
//! nobody has to believe what a program says (`Documentation/networking/snmp_counter.rst`).

use std::fs::File;
use std::io::Read;

use pinfold_plan::{Network, Plan};
use rustix::process::Pid;

/// What is sent when no way leads out: packets without a route, and questions to a name server on the loopback.
const COUNTERS: [(&str, &str); 2] = [("Ip:", "OutNoRoutes"), ("Udp:", "NoPorts")];

/// Most that is read of the counters, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The counters of a run's own network.
#[derive(Debug)]
pub(crate) struct Counters {
    own_network: bool,
    file: Option<File>,
    /// What they said when the command had ended.
    attempts: Option<bool>,
}

impl Counters {
    /// None yet. Where the network is the host's they say nothing.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { own_network: plan.network == Network::Loopback, file: None, attempts: None }
    }

    /// Those of the first process: to be called while it lives, but not before it has entered its own network.
    pub(crate) fn open(&mut self, first: Pid) {
        let path = format!("/proc/{}/net/snmp", first.as_raw_nonzero());
        self.file = self.own_network.then(|| File::open(path).ok()).flatten();
    }

    /// Reads them. To be called when the command has ended, while the kernel is still busy with the rest of the run.
    pub(crate) fn read(&mut self) {
        let mut text = String::new();
        let read = self.file.take().and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text).ok());
        let attempts = read.is_some() && COUNTERS.iter().any(|(protocol, name)| count(&text, protocol, name) > 0);
        self.attempts.get_or_insert(attempts);
    }

    /// Whether anything was sent that could not leave.
    pub(crate) fn tell_of_attempts(mut self) -> bool {
        self.read();
        self.attempts.unwrap_or(false)
    }
}

/// A counter by its name: one line of names, then one of numbers.
fn count(text: &str, protocol: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter(|line| line.starts_with(protocol));
    let (names, numbers) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut pairs = names.split_whitespace().zip(numbers.split_whitespace());
    pairs.find(|(found, _)| *found == name).and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn counters_are_found_by_name() {
        let text = "Ip: Forwarding OutNoRoutes\nIp: 2 7\nUdp: NoPorts\nUdp: 1\nUdpLite: NoPorts\nUdpLite: 9\n";
        assert_eq!((count(text, "Ip:", "OutNoRoutes"), count(text, "Udp:", "NoPorts")), (7, 1));
        assert_eq!((count(text, "Tcp:", "NoPorts"), count("", "Ip:", "OutNoRoutes")), (0, 0));
    }
}
