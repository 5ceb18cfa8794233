//! Files of the state directory: read with a limit, replaced as a whole, set aside when they cannot be read, and locked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file or directory of the state directory could not be used.
#[derive(Debug, Error)]
#[error("failed to {action} {}", path.display())]
pub struct StateError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Names the path that an error happened at.
pub(super) fn at<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, StateError> {
    result.map_err(|source| StateError { action, path: path.to_owned(), source })
}

/// Held by whoever reads and changes identifiers, journal or access lists. Given back when it is dropped, also by the
/// death of its holder.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// The lock of a directory, which is made when missing. Waits for its holder.
    pub fn of(directory: &Path) -> Result<Self, StateError> {
        at(std::fs::create_dir_all(directory), "make", directory)?;
        let path = directory.join("lock");
        let file = at(OpenOptions::new().create(true).write(true).truncate(false).open(&path), "open", &path)?;
        at(file.lock(), "lock", &path)?;
        Ok(Self { _file: file })
    }
}

/// The bytes of a file, none when it does not exist.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(Some(bytes))
}

/// Puts other bytes in the place of a file, so that at any time the old ones or the new ones are there.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = beside(path, "partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(partial, path)
}

/// Adds bytes to a file and waits until they are on the disk.
pub(super) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Keeps a file that cannot be used under another name, which no other one has.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let free = free_name(path)?;
    std::fs::rename(path, &free)?;
    Ok(free)
}

/// Keeps a copy of a file of which not everything can be used.
pub(super) fn copy_aside(path: &Path) -> io::Result<PathBuf> {
    let free = free_name(path)?;
    std::fs::copy(path, &free)?;
    Ok(free)
}

fn free_name(path: &Path) -> io::Result<PathBuf> {
    let names = (1..1000).map(|number| beside(path, &format!("damaged-{number}")));
    names.into_iter().find(|name| !name.exists()).ok_or_else(|| io::Error::other("too many damaged ones lie there"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}
