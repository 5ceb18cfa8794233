//! What files contained: shared with them where the file system can do that, else copied, up to a limit.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::limits;
use crate::transaction::copy;
use crate::tree::Tree;

/// Where contents are kept.
#[derive(Debug)]
pub(super) struct Contents {
    directory: PathBuf,
    copies: u64,
    /// How much was copied, in bytes.
    copied: u64,
}

/// Why a content is not kept, in words.
pub(super) type Why = String;

impl Contents {
    /// In a new directory.
    pub(super) fn create(directory: PathBuf) -> io::Result<Self> {
        std::fs::create_dir(&directory)?;
        Ok(Self { directory, copies: 0, copied: 0 })
    }

    /// Keeps what a file contains, and gives the name of the copy.
    pub(super) fn keep(&mut self, tree: &Tree, path: &Path) -> Result<u64, Why> {
        let copy = self.copies;
        let to = self.directory.join(copy.to_string());
        let kept = copy::open(tree, path).map_err(|error| error.to_string()).and_then(|from| self.fill(&from, &to));
        match kept {
            Ok(()) => {
                self.copies += 1;
                Ok(copy)
            }
            Err(why) => {
                let _ = std::fs::remove_file(&to);
                Err(why)
            }
        }
    }

    fn fill(&mut self, from: &File, to: &Path) -> Result<(), Why> {
        let failed = |error: io::Error| error.to_string();
        let metadata = from.metadata().map_err(failed)?;
        let to = File::options().create_new(true).read(true).write(true).mode(0o600).open(to).map_err(failed)?;
        if metadata.len() == 0 || rustix::fs::ioctl_ficlone(&to, from).is_ok() {
            return Ok(());
        }
        // Holes cost nothing.
        let bytes = metadata.len().min(metadata.blocks() * 512);
        if bytes > limits::KEPT_FILE_BYTES {
            return Err(format!("it has more than {} MiB", limits::KEPT_FILE_BYTES >> 20));
        }
        if self.copied + bytes > limits::KEPT_BYTES {
            return Err(format!("the run has changed more than {} MiB", limits::KEPT_BYTES >> 20));
        }
        self.copied += bytes;
        copy::copy(from, &to).map_err(failed)
    }
}
