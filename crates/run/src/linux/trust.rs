//! Where the certificates lie that programs inside trust, and what they begin with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pinfold_gate::link::Start;
use pinfold_plan::{JAVA_TRUST_STORE, Mount, Plan, TRUST_BUNDLE};

use crate::Bundle;

/// Largest file of certificates that is read, in bytes.
const MAX_BUNDLE_BYTES: u64 = 16 << 20;

/// Begins the files of a plan that opens TLS, with what the host trusts. They are about to be mounted.
pub(crate) fn begin(plan: &Plan, start: &Start) -> io::Result<Option<Bundle>> {
    let Some((pem, java)) = source(plan, TRUST_BUNDLE).zip(source(plan, JAVA_TRUST_STORE)) else {
        return Ok(None);
    };
    let mut certificates = Vec::new();
    if let Some(host) = start.roots.first() {
        File::open(host)?.take(MAX_BUNDLE_BYTES).read_to_end(&mut certificates)?;
    }
    Ok(Some(Bundle::new(empty(&pem)?, empty(&java)?, certificates)))
}

/// Which file of the host is mounted there.
fn source(plan: &Plan, place: &str) -> Option<PathBuf> {
    plan.mounts.iter().find_map(|mount| match mount {
        Mount::Bind { source, at, .. } if at == Path::new(place) => Some(source.clone()),
        _ => None,
    })
}

fn empty(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(path)
}
