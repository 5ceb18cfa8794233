//! Extended attributes and access lists of files and directories, by descriptors of which some only name them (`O_PATH`).

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, XattrFlags};
use rustix::io::Errno;

use crate::node::{Attributes, Kind, Node};
use crate::tree::Tree;

/// What overlays keep of their own in layers that were written without privileges.
pub(crate) const OVERLAY: &str = "user.overlay.";
/// Access lists, which no prefix tells from what only the system sets.
const ACCESS_LISTS: [&str; 2] = ["system.posix_acl_access", "system.posix_acl_default"];

/// What a user has attached to an open file or directory.
///
/// # Errors
/// When it cannot be read. A file system without attributes has none.
pub(crate) fn attributes(of: BorrowedFd<'_>) -> io::Result<Attributes> {
    let mut all = Attributes::new();
    for name in attribute_names(of)? {
        if is_the_users(&name)
            && let Some(value) = attribute(of, &name)?
        {
            all.insert(name, value);
        }
    }
    Ok(all)
}

/// The same by path; none for what can have none.
///
/// # Errors
/// When it cannot be opened or read.
pub(crate) fn attributes_at(tree: &Tree, path: &Path, node: &Node) -> io::Result<Attributes> {
    match node.kind {
        // Without waiting, should it be a pipe by now.
        Kind::File { .. } => attributes(tree.held(path, OFlags::RDONLY | OFlags::NONBLOCK)?.as_fd()),
        Kind::Directory => attributes(tree.held(path, OFlags::RDONLY | OFlags::DIRECTORY)?.as_fd()),
        _ => Ok(Attributes::new()),
    }
}

/// One attribute; nothing where it is not there.
pub(crate) fn attribute(of: BorrowedFd<'_>, name: &OsStr) -> io::Result<Option<Vec<u8>>> {
    // The most that Linux keeps in one (`XATTR_SIZE_MAX`).
    let mut value = vec![0; 65536];
    match rustix::fs::getxattr(by_descriptor(of), name, &mut value) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A path that leads to what a descriptor is of, and follows nothing from there (`proc_pid_fd(5)`).
pub(crate) fn by_descriptor(of: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", of.as_raw_fd()))
}

fn is_the_users(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    (name.starts_with("user.") && !name.starts_with(OVERLAY)) || ACCESS_LISTS.contains(&&*name)
}

fn attribute_names(of: BorrowedFd<'_>) -> io::Result<Vec<OsString>> {
    // The most that Linux lists (`XATTR_LIST_MAX`).
    let mut list = vec![0; 65536];
    match rustix::fs::listxattr(by_descriptor(of), &mut list) {
        Ok(length) => {
            let names = list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
            Ok(names.map(|name| OsStr::from_bytes(name).to_owned()).collect())
        }
        Err(Errno::OPNOTSUPP) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Makes attributes what they shall be, and removes others that a user can set.
///
/// # Errors
/// When the file system does not take them.
pub(crate) fn set_attributes(of: BorrowedFd<'_>, wanted: &Attributes) -> io::Result<()> {
    for (name, value) in wanted {
        rustix::fs::setxattr(by_descriptor(of), name, value, XattrFlags::empty())?;
    }
    for name in attributes(of)?.into_keys().filter(|name| !wanted.contains_key(name)) {
        rustix::fs::removexattr(by_descriptor(of), &name)?;
    }
    Ok(())
}
