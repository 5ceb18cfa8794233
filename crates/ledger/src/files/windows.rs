//! Files on Windows.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// The file in a directory that is locked in its place. No session has such a name.
const LOCK: &str = ".lock";

/// Names of devices, in every directory, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit behind.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// How a file is opened that only its owner can read, by the list of its directory.
pub(crate) fn private() -> OpenOptions {
    OpenOptions::new()
}

/// How the end of a log is opened. Not to append only: such a handle can neither cut a file nor bring it to the disk.
pub(crate) fn end_of() -> OpenOptions {
    OpenOptions::new().write(true).clone()
}

/// Writes at the end of a file, to which nobody else writes meanwhile.
pub(crate) fn append(file: &mut File, lines: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::End(0))?;
    file.write_all(lines)
}

/// There is no mode that could have been changed by mistake.
pub(crate) fn is_private(_known: &Metadata) -> bool {
    true
}

/// Can a directory have this name, of letters, digits, `-`, `_` and `.`? Not that of a device, and a dot at the end would
/// be dropped.
pub(crate) fn can_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = stem.len() == 4 && NUMBERED_DEVICES.iter().any(|device| stem.starts_with(device));
    !name.ends_with('.') && !DEVICES.contains(&&*stem) && !numbered
}

/// Is this how the name of what lies there is written? Another spelling leads there as well.
pub(crate) fn is_its_name(path: &Path) -> bool {
    std::fs::canonicalize(path).is_ok_and(|found| found.file_name() == path.file_name())
}

/// Makes a directory that has the list of the one above.
pub(crate) fn make_directory(path: &Path, recursive: bool) -> io::Result<()> {
    if recursive { std::fs::create_dir_all(path) } else { std::fs::create_dir(path) }
}

/// There is nothing to be done.
pub(crate) fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes care that what others have written stays so after a power cut: by a handle that may write, as the system asks.
pub(crate) fn sync_others(_file: &File, path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_data()
}

/// Waits until nobody else holds a directory; it is held as long as what is returned.
pub(crate) fn lock_directory(path: &Path) -> io::Result<File> {
    locked(&path.join(LOCK))
}

/// Keeps others from writing a log.
pub(crate) struct Guard(File);

impl Guard {
    /// Waits until nobody else does.
    pub(crate) fn lock(_log: &File, path: &Path) -> io::Result<Self> {
        locked(&path.with_extension("lock")).map(Self)
    }

    /// Lets others go on.
    pub(crate) fn release(self, _log: &File) -> io::Result<()> {
        // To close the file unlocks it as well, only perhaps later.
        let _ = self.0.unlock();
        Ok(())
    }
}

fn locked(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_none_for_directories() {
        assert!(["a", "console", "com", "com10", "nul-1", "20260101-1f"].into_iter().all(can_name));
        assert!(!["nul", "CON", "aux.x", "Com1", "LPT9.a", "a."].into_iter().any(can_name));
    }
}
