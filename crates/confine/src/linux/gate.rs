//! What holds the gate of a run: it reads files and talks to others, and does nothing else.
//!
//! By system calls only. Landlock would refuse by path as well, but a process within it may not look at processes that
//! are not, and so could not say whose a connection is (`ptrace(2)`, "ptrace access mode checking").

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::seccomp;

/// Most memory that the gate may have for itself, in bytes. Its connections and what they hold are counted, so that this
/// is the bound of what is not foreseen: without memory it ends, and with it the network of its run.
const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// Restricts this process, which has one thread and `no_new_privs`, to what the gate of a run does.
pub fn confine_gate() -> io::Result<()> {
    let most = getrlimit(Resource::Data).maximum.unwrap_or(u64::MAX).min(MEMORY_BYTES_MAX);
    setrlimit(Resource::Data, Rlimit { current: Some(most), maximum: Some(most) })?;
    seccomp::install_for_gate()
}
