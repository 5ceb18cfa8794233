//! Opening directories that an enemy may have exchanged or closed: following no link, and giving the owner, who is the
//! caller, his permissions back where they are missing.

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// What an owner needs to list and change a directory.
const OWNER: u32 = 0o700;

/// Opens a directory without following a symbolic link anywhere on the way. Directories that the caller owns and may
/// not enter are opened up.
pub(crate) fn directory(base: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd, Errno> {
    let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(base, shown, flags, Mode::empty(), resolve) {
        Err(Errno::ACCESS | Errno::NAMETOOLONG) => step_by_step(base, shown),
        other => other,
    }
}

/// The same, one name at a time.
fn step_by_step(base: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd, Errno> {
    let start = if path.is_absolute() { OsStr::new("/") } else { OsStr::new(".") };
    let mut current = enter(base, start)?;
    for component in path.components() {
        if let Component::Normal(name) = component {
            current = enter(current.as_fd(), name)?;
        }
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(&current, ".", flags, Mode::empty())
}

/// A name in a directory, which must be a directory itself.
fn enter(directory: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let entered = rustix::fs::openat(directory, name, flags, Mode::empty())?;
    up(entered.as_fd());
    Ok(entered)
}

/// Gives the owner of an open directory his permissions back. Where that is not possible the next step will fail.
pub(crate) fn up(directory: BorrowedFd<'_>) {
    let Ok(stat) = rustix::fs::fstat(directory) else { return };
    if stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & OWNER != OWNER {
        // By this detour, because a descriptor that was opened without permission changes nothing by itself.
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        let _ = rustix::fs::chmodat(CWD, path, Mode::from_raw_mode(stat.st_mode & 0o7777 | OWNER), AtFlags::empty());
    }
}

/// The same for a directory below another one, if it is one and no link leads to it.
pub(crate) fn up_at(base: BorrowedFd<'_>, path: &Path) {
    let shown = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    if let Ok(found) = rustix::fs::openat2(base, shown, flags, Mode::empty(), resolve) {
        up(found.as_fd());
    }
}

/// The same for a directory in a directory, if it is one.
pub(crate) fn up_below(directory: BorrowedFd<'_>, name: &OsStr) {
    let _ = enter(directory, name);
}

/// Removes an empty directory, an empty file or a link below a directory. False when it stays.
pub(crate) fn remove_if_empty(base: BorrowedFd<'_>, path: &Path) -> bool {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let Ok(parent) = directory(base, parent) else { return false };
    let Ok(stat) = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) else { return true };
    let flags = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => AtFlags::REMOVEDIR,
        FileType::Symlink => AtFlags::empty(),
        FileType::RegularFile if stat.st_size == 0 => AtFlags::empty(),
        _ => return false,
    };
    rustix::fs::unlinkat(&parent, name, flags).is_ok()
}
