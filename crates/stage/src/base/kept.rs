//! What files contained, each under its digest.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::content::{self, Digest};
use crate::limits;

/// A directory of contents.
#[derive(Debug)]
pub(super) struct Kept {
    directory: PathBuf,
    /// How much there is, as soon as somebody had to know.
    bytes: Option<u64>,
}

impl Kept {
    pub(super) fn open(directory: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory, bytes: None })
    }

    /// Keeps a content. False when there is no room for it.
    pub(super) fn add(&mut self, bytes: &[u8], digest: &Digest) -> io::Result<bool> {
        let path = self.path(digest);
        let length = bytes.len() as u64;
        match path.metadata() {
            Ok(found) if found.len() == length => return Ok(true),
            // Another stage may share what the disk has lost a part of.
            Ok(_) => std::fs::remove_file(&path)?,
            Err(_) => {}
        }
        let others = self.bytes.map_or_else(|| self.measure(), Ok)?;
        if others + length > limits::BASES_BYTES {
            return Ok(false);
        }
        // Without waiting for the disk: whatever is damaged is found by its digest, and then not used.
        std::fs::write(&path, bytes)?;
        self.bytes = Some(others + length);
        Ok(true)
    }

    fn measure(&self) -> io::Result<u64> {
        std::fs::read_dir(&self.directory)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }

    /// A content; nothing when it is not there, or is not what it was.
    pub(super) fn get(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.path(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let bytes = content::read(&mut file, limits::MERGE_BYTES)?;
        Ok(bytes.filter(|bytes| Digest::of(bytes) == *digest))
    }

    /// Removes what nobody needs any more.
    pub(super) fn retain(&mut self, needed: &HashSet<Digest>) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let digest = entry.file_name().to_str().and_then(Digest::parse);
            if !digest.is_some_and(|digest| needed.contains(&digest)) {
                std::fs::remove_file(entry.path())?;
                self.bytes = None;
            }
        }
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(digest.to_string())
    }
}

/// Writes a file that is there as a whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
