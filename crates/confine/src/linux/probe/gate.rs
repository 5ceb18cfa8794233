//! What a gate needs to know of the host: whether connections can be redirected, and where certificates lie.

use std::io;
use std::path::PathBuf;

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
