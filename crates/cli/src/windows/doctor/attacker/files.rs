//! What is tried with files.

use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pinfold_confine::windows::attack;

use super::{Words, say};

/// What attackers write.
const ATTACKED: &[u8] = b"attacked";

/// Rights to files (winnt.h).
const DELETE: u32 = 0x1_0000;
const WRITE_OWNER: u32 = 0x8_0000;
const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
/// A way to open them (winbase.h).
const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x400_0000;

pub(super) fn overwrite(path: impl AsRef<Path>) -> io::Result<()> {
    std::fs::write(path, ATTACKED)
}

/// Never makes the file.
pub(super) fn overwrite_existing(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).truncate(true).open(path)?.write_all(ATTACKED)
}

pub(super) fn append(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(ATTACKED)
}

pub(super) fn shorten(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(1)
}

pub(super) fn write_pipe(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(ATTACKED)
}

pub(super) fn plant(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    File::create_new(path)?.write_all(b"rem\r\n")
}

/// What makes a directory a repository, with a hook in it.
pub(super) fn repository(git: &Path) -> io::Result<()> {
    for directory in ["objects", r"refs\heads"] {
        std::fs::create_dir_all(git.join(directory))?;
    }
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(git.join("config"), "[core]\n\trepositoryformatversion = 0\n")?;
    plant(&git.join(r"hooks\post-checkout"))
}

pub(super) fn remove_on_close(path: &Path) -> io::Result<()> {
    OpenOptions::new().access_mode(DELETE).custom_flags(FILE_FLAG_DELETE_ON_CLOSE).open(path).map(drop)
}

pub(super) fn replace(path: &Path, made: &Path) -> io::Result<()> {
    overwrite(made)?;
    std::fs::rename(made, path)
}

pub(super) fn exchange(path: &Path, aside: &Path, file: &Path) -> io::Result<()> {
    std::fs::rename(path, aside)?;
    plant(&path.join(file))
}

pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    let mut permissions = std::fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(path, permissions)
}

pub(super) fn set_times(path: &Path) -> io::Result<()> {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = OpenOptions::new().access_mode(FILE_WRITE_ATTRIBUTES).open(path)?;
    file.set_times(FileTimes::new().set_modified(long_ago))
}

pub(super) fn open_to_own(path: &Path) -> io::Result<()> {
    OpenOptions::new().access_mode(WRITE_OWNER).open(path).map(drop)
}

/// Makes a hard link to the first path at the second.
pub(super) fn link(words: Words<'_>) -> io::Result<&Path> {
    let link = words.path(1)?;
    std::fs::hard_link(words.path(0)?, link).map(|()| link)
}

/// Makes a symbolic link to the first path at the second, as developers may and others may not.
pub(super) fn symlink(words: Words<'_>) -> io::Result<&Path> {
    let link = words.path(1)?;
    std::os::windows::fs::symlink_file(words.path(0)?, link).map(|()| link)
}

/// Makes a junction to the first path at the second, and gives what the third would be in it.
pub(super) fn join(words: Words<'_>) -> io::Result<PathBuf> {
    attack::join(words.text(1)?, words.text(0)?)?;
    Ok(words.path(1)?.join(words.text(2)?))
}

/// The letter goes again, whatever comes of it.
pub(super) fn by_drive(directory: &str, file: &str) -> io::Result<()> {
    let letters = ('P'..='Z').rev().map(|letter| format!("{letter}:"));
    let mut free = letters.filter(|letter| !Path::new(&format!(r"{letter}\")).exists());
    let letter = free.next().ok_or(io::ErrorKind::NotFound)?;
    attack::lead_drive(&letter, directory)?;
    let written = overwrite_existing(Path::new(&format!(r"{letter}\{file}")));
    let _ = attack::release_drive(&letter, directory);
    written
}

pub(super) fn names(directory: &Path) -> io::Result<()> {
    let names: Vec<_> = std::fs::read_dir(directory)?.flatten().map(|entry| entry.file_name()).collect();
    names.iter().for_each(|name| say(&format!("@entry {}", name.display())));
    Ok(())
}
