//! Which process a thread belongs to, and which process started that one.

use std::fs::File;
use std::io::Read;

use rustix::process::Pid;

/// The lines that are wanted are among the first of proc_pid_status(5).
const BYTES: usize = 512;

/// A process and its parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) pid: i32,
    pub(super) parent: i32,
}

impl Family {
    /// Of the process of a thread that lives.
    pub(super) fn of(thread: Pid) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let length = File::open(format!("/proc/{thread}/status")).ok()?.read(&mut bytes).ok()?;
        Self::parse(bytes.get(..length)?)
    }

    fn parse(status: &[u8]) -> Option<Self> {
        // The name comes before, but has no line of its own for each of its lines.
        let value = |name: &[u8]| {
            let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))?;
            str::from_utf8(line).ok()?.trim().parse().ok()
        };
        Some(Self { pid: value(b"Tgid:")?, parent: value(b"PPid:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_of_this_process() {
        let family = std::thread::spawn(|| Family::of(rustix::thread::gettid())).join().unwrap();
        assert_eq!(family.map(|family| family.pid.cast_unsigned()), Some(std::process::id()));
    }

    #[test]
    fn a_name_is_no_line() {
        let status =
            b"Name:\ta\\nTgid:\t1\nUmask:\t0022\nState:\tR (running)\nTgid:\t12\nNgid:\t0\nPid:\t13\nPPid:\t11\n";
        assert_eq!(Family::parse(status), Some(Family { pid: 12, parent: 11 }));
        assert_eq!(Family::parse(b"Name:\tx\n"), None);
    }
}
