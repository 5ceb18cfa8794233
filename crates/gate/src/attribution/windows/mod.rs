//! From the system's tables of connections, which name the process that made each, to its program.

mod sys;
mod table;

use std::net::SocketAddr;

use crate::link::Process;

/// The processes of this machine: those of a sandbox have no network of their own.
pub(super) struct Owners;

impl Owners {
    /// The system knows them all.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be nobody who knows")]
    pub(in crate::attribution) fn new(_init_pid: Option<u32>) -> Option<Self> {
        Some(Self)
    }

    /// The processes of some connections, by where these come from, in the same order.
    #[expect(clippy::unused_self, reason = "elsewhere it remembers")]
    pub(in crate::attribution) fn find(&mut self, clients: &[SocketAddr]) -> Vec<Option<Process>> {
        let pids = table::pids(clients);
        clients.iter().map(|client| pids.get(client).copied().map(process)).collect()
    }
}

/// A process with its program. One under an account of a run's may refuse to be opened; the name of its file everybody is
/// told.
fn process(pid: u32) -> Process {
    let exe = sys::image(pid).or_else(|_| sys::listed(pid)).ok();
    // JSON knows no half of a surrogate pair, and a report that cannot be written would be none.
    Process { pid, exe: exe.map(|units| String::from_utf16_lossy(&units).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_cannot_be_opened_has_a_name_all_the_same() {
        let own = std::process::id();
        let file = std::env::current_exe().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(String::from_utf16_lossy(&sys::listed(own).unwrap()), file);
        let nobody = u32::MAX - 3;
        assert_eq!(process(nobody), Process { pid: nobody, exe: None });
    }
}
