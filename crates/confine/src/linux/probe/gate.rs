//! What a gate needs to know of the host: whether connections can be redirected, and where certificates lie.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_policy::{NetworkMode, Policy};
use rustix::process::{WaitOptions, waitpid};

use crate::linux::capture;
use crate::linux::sys::{self, Fork, SingleThreaded};

/// Where distributions keep the certificates that programs trust, as PEM: Debian, Arch, Fedora, SUSE, Alpine.
const TRUST_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The files among them that exist, without links.
pub fn trust_bundles() -> Vec<PathBuf> {
    let mut bundles: Vec<_> = TRUST_BUNDLES.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    bundles.sort();
    bundles.dedup();
    bundles
}

/// Names the time from one start of the machine to the next (random(4)).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Whether connections can be redirected. Asked only where it matters, and where the answer was yes once, in the file
/// `known`, not again until the machine starts anew: to try it takes as long as half a start.
pub(super) fn redirects(policy: &Policy, known: &Path) -> bool {
    if policy.network.mode != NetworkMode::Rules {
        return false;
    }
    let boot = std::fs::read(BOOT).unwrap_or_default();
    if !boot.is_empty() && std::fs::read(known).is_ok_and(|known| known == boot) {
        return true;
    }
    let can = can_redirect().unwrap_or(false);
    if can {
        let _ = std::fs::write(known, boot);
    }
    can
}

/// Whether connections can be redirected, which is tried in a network namespace of its own.
pub fn can_redirect() -> io::Result<bool> {
    let namespaces = (libc::CLONE_NEWUSER | libc::CLONE_NEWNET) as u64;
    match sys::fork_into(SingleThreaded::check()?, namespaces)? {
        Fork::Child(_) => sys::exit_now(i32::from(capture::try_redirect().is_err())),
        Fork::Parent { pid, .. } => {
            let ended = waitpid(Some(pid), WaitOptions::empty())?;
            Ok(ended.is_some_and(|(_, status)| status.exit_status() == Some(0)))
        }
    }
}
