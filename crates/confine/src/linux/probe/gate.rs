//! What a gate needs to know of the host: whether connections can be redirected, and where certificates lie.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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

/// Where they keep the same for Java: Debian, Arch and Alpine; Fedora; SUSE.
const JAVA_TRUST_STORES: [&str; 3] =
    ["/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts", "/var/lib/ca-certificates/java-cacerts"];

/// Directories of JVMs, each with a store of its own or a link: of distributions; below the home, of SDKMAN, editors,
/// asdf and mise.
const JVMS: [&str; 3] = ["/usr/lib/jvm", "/usr/java", "/opt/java"];
const JVMS_OF_HOME: [&str; 4] =
    [".sdkman/candidates/java", ".jdks", ".asdf/installs/java", ".local/share/mise/installs/java"];

/// The store of a JVM: since version 9, and before.
const STORES_OF_JVM: [&str; 2] = ["lib/security/cacerts", "jre/lib/security/cacerts"];

/// Most that is read of `/etc/resolv.conf`, in bytes.
const RESOLVER_BYTES_MAX: u64 = 64 << 10;

/// The files among them that exist, without links.
pub fn trust_bundles() -> Vec<PathBuf> {
    existing(TRUST_BUNDLES.into_iter().map(PathBuf::from))
}

/// Stores of certificates of Java's that exist, without links.
pub(super) fn java_trust_stores(home: &Path) -> Vec<PathBuf> {
    let of_home = JVMS_OF_HOME.iter().map(|path| home.join(path));
    let directories = JVMS.iter().map(PathBuf::from).chain(of_home);
    let jvms = directories.flat_map(|path| std::fs::read_dir(path).into_iter().flatten().flatten());
    let of_jvms = jvms.flat_map(|jvm| STORES_OF_JVM.map(|path| jvm.path().join(path)));
    existing(JAVA_TRUST_STORES.into_iter().map(PathBuf::from).chain(of_jvms))
}

fn existing(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut files: Vec<_> = paths.filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    files.sort();
    files.dedup();
    files
}

/// What tells the host's programs who resolves names (resolv.conf(5)); nothing where it cannot be read.
pub fn resolver_text() -> String {
    let mut text = String::new();
    let read = File::open("/etc/resolv.conf").and_then(|file| file.take(RESOLVER_BYTES_MAX).read_to_string(&mut text));
    read.map_or_else(|_| String::new(), |_| text)
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
