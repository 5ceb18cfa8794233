//! Who is at the other end: nobody that is in a sandbox.
//!
//! The directory of the sockets is not shown inside, and without mounts seccomp allows no sockets of that kind. Should one
//! be reached all the same, the kernel tells who connects: the process with its user namespace and its seccomp filters,
//! which nobody can leave or take off. Every command of pinfold's has at least one filter more than its supervisor.

use std::fs::File;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, geteuid, getpid};

/// Most that is read of a process's status, in bytes.
const MAX_STATUS_BYTES: u64 = 16 << 10;

/// Is the process that has connected the user's, and in no sandbox that this process is not in as well?
pub(super) fn is_outside(connection: BorrowedFd<'_>) -> bool {
    let Ok(peer) = socket_peercred(connection) else { return false };
    let same_user = peer.uid == geteuid() || peer.uid.is_root();
    let (own, peer) = (Confinement::of(getpid()), Confinement::of(peer.pid));
    same_user && own.zip(peer).is_some_and(|(own, peer)| own.is_at_least(&peer))
}

/// What holds a process.
#[derive(Debug, PartialEq, Eq)]
struct Confinement {
    user_namespace: PathBuf,
    /// The mode of seccomp, and how many filters there are.
    seccomp: [u32; 2],
}

impl Confinement {
    fn of(process: Pid) -> Option<Self> {
        let directory = PathBuf::from(format!("/proc/{}", process.as_raw_nonzero()));
        let user_namespace = std::fs::read_link(directory.join("ns/user")).ok()?;
        let mut status = String::new();
        File::open(directory.join("status")).ok()?.take(MAX_STATUS_BYTES).read_to_string(&mut status).ok()?;
        Some(Self { user_namespace, seccomp: seccomp(&status) })
    }

    fn is_at_least(&self, other: &Self) -> bool {
        let filters = self.seccomp.iter().zip(&other.seccomp);
        self.user_namespace == other.user_namespace && filters.into_iter().all(|(own, other)| own >= other)
    }
}

/// From `/proc/PID/status` (proc_pid_status(5)); kernels before 5.9 do not count filters.
fn seccomp(status: &str) -> [u32; 2] {
    ["Seccomp:", "Seccomp_filters:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_more_filters_or_another_user_namespace_is_inside() {
        let with = |namespace: &str, filters| Confinement { user_namespace: namespace.into(), seccomp: [2, filters] };
        assert!(with("user:[1]", 1).is_at_least(&with("user:[1]", 1)));
        assert!(!with("user:[1]", 1).is_at_least(&with("user:[1]", 2)));
        assert!(!with("user:[1]", 1).is_at_least(&with("user:[2]", 1)));
        assert_eq!(seccomp("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t3\n"), [2, 3]);
        assert!(Confinement::of(getpid()).is_some());
    }

    #[test]
    fn this_process_is_outside() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
        assert!(is_outside(std::os::fd::AsFd::as_fd(&one)));
    }
}
