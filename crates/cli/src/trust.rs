//! Which project policies the user has trusted: one file per project with the digest of the trusted content.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_confine::hex;
use sha2::{Digest, Sha256};

/// The trusted contents of project policies.
pub(crate) struct Trusted {
    directory: PathBuf,
}

impl Trusted {
    pub(crate) fn new(state: &Path) -> Self {
        Self { directory: state.join("trust") }
    }

    /// Whether exactly this content of this file is trusted.
    pub(crate) fn contains(&self, file: &Path, content: &[u8]) -> bool {
        std::fs::read_to_string(self.entry(file)).is_ok_and(|trusted| trusted.trim() == digest(content))
    }

    /// Trusts this content, in place of what was trusted before.
    pub(crate) fn insert(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        let partial = self.entry(file).with_extension("new");
        std::fs::write(&partial, digest(content))?;
        std::fs::rename(partial, self.entry(file))
    }

    /// Trusts no content of this file. False when none was trusted.
    pub(crate) fn remove(&self, file: &Path) -> io::Result<bool> {
        match std::fs::remove_file(self.entry(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true),
        }
    }

    fn entry(&self, file: &Path) -> PathBuf {
        self.directory.join(digest(file.as_os_str().as_encoded_bytes()))
    }
}

/// What a content is known by.
pub(crate) fn digest(content: &[u8]) -> String {
    hex(Sha256::digest(content))
}
