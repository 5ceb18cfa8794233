//! What only Windows knows of files.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use pinfold_policy::Platform;

/// Whose names of files these are.
pub(crate) const PLATFORM: Platform = Platform::Windows;

/// From `CreateFileW` and MS-FSCC 2.6.
const FILE_LIST_DIRECTORY: u32 = 0x1;
const FILE_SHARE_READ_WRITE: u32 = 0x1 | 0x2;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x400;

/// Endings by which a program or a script starts (`PATHEXT` of a fresh system, PowerShell's, and installers).
const STARTED: [&str; 16] =
    ["bat", "cmd", "com", "exe", "hta", "js", "jse", "lnk", "msc", "msi", "ps1", "psm1", "vbe", "vbs", "wsf", "wsh"];

/// A path as a file holds it; what is no text is replaced.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Without the prefix that turns off the parsing of a path, where it can do without.
pub(super) fn plain(path: &Path) -> PathBuf {
    let rest = path.to_str().and_then(|path| path.strip_prefix(r"\\?\"));
    match rest {
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => rest.into(),
        _ => path.to_owned(),
    }
}

/// Opens a directory, or the link in its place, so that nobody can rename or remove it meanwhile: that takes a handle
/// which may read it and does not share deletion.
pub(super) fn hold(directory: &Path) -> io::Result<Option<File>> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    let mut options = OpenOptions::new();
    options.access_mode(FILE_LIST_DIRECTORY).share_mode(FILE_SHARE_READ_WRITE).custom_flags(flags);
    options.open(directory).map(Some)
}

/// Opens a file, or the link in its place.
pub(super) fn open(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(file)
}

/// Whether it is a file whose content lies where it says.
pub(super) fn is_ordinary(known: &Metadata) -> bool {
    known.is_file() && known.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT == 0
}

/// There are no modes: the shell goes by the ending, and that of git by the first line.
pub(super) fn may_be_executed(path: &Path, _known: &Metadata, head: impl Fn() -> Vec<u8>) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    STARTED.iter().any(|known| known.eq_ignore_ascii_case(ending)) || head() == b"#!"
}
