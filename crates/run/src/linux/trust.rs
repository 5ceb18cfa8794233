//! The certificates that programs inside trust, where TLS is opened: those of the host and that of the gate.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pinfold_gate::java_trust_store;
use pinfold_gate::link::Start;
use pinfold_plan::{JAVA_TRUST_STORE, Mount, Plan, TRUST_BUNDLE};

/// Largest file of certificates that is read, in bytes.
const MAX_BUNDLE_BYTES: u64 = 16 << 20;

/// The files that hold them.
#[derive(Debug)]
pub(crate) struct Bundle {
    pem: PathBuf,
    java: PathBuf,
    certificates: Vec<u8>,
}

impl Bundle {
    /// Begins those of a plan that opens TLS, with what the host trusts. They stay the same files from now on: they are
    /// about to be mounted.
    pub(crate) fn begin(plan: &Plan, start: &Start) -> io::Result<Option<Self>> {
        let Some((pem, java)) = source(plan, TRUST_BUNDLE).zip(source(plan, JAVA_TRUST_STORE)) else {
            return Ok(None);
        };
        [&pem, &java].into_iter().try_for_each(|path| write(path, b""))?;
        let mut certificates = Vec::new();
        if let Some(host) = start.roots.first() {
            File::open(host)?.take(MAX_BUNDLE_BYTES).read_to_end(&mut certificates)?;
        }
        Ok(Some(Self { pem, java, certificates }))
    }

    /// Adds that of the gate and writes all.
    pub(crate) fn finish(mut self, certificate: &str) -> io::Result<()> {
        self.certificates.extend(format!("\n{certificate}").as_bytes());
        write(&self.pem, &self.certificates)?;
        write(&self.java, &java_trust_store(&self.certificates))
    }
}

/// Which file of the host is mounted there.
fn source(plan: &Plan, place: &str) -> Option<PathBuf> {
    plan.mounts.iter().find_map(|mount| match mount {
        Mount::Bind { source, at, .. } if at == Path::new(place) => Some(source.clone()),
        _ => None,
    })
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(path)?.write_all(content)
}
