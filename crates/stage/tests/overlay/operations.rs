//! What a run can do to files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// One thing done. Paths are names of the few that a tree can have, so that they meet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Operation {
    Write(PathBuf, String),
    Append(PathBuf, String),
    Truncate(PathBuf, u64),
    Sparse(PathBuf),
    /// A directory is copied and removed, or renamed where the kernel does that.
    Rename {
        from: PathBuf,
        to: PathBuf,
        copies: bool,
    },
    Unlink(PathBuf),
    RemoveAll(PathBuf),
    MakeDirectory(PathBuf),
    Mode(PathBuf, u32),
    Symlink(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Attribute(PathBuf, String),
    NoAttribute(PathBuf),
    Touch(PathBuf),
    /// A directory becomes a file, or the other way round.
    Exchange(PathBuf),
    /// As editors save: another file, renamed to there.
    Save(PathBuf, String),
}

fn path() -> impl Strategy<Value = PathBuf> {
    let name = || prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    proptest::collection::vec(name(), 1..4).prop_map(|names| names.iter().collect())
}

pub(crate) fn operation(with_links: bool) -> impl Strategy<Value = Operation> {
    use Operation::*;
    let text = || "[a-z\n]{0,12}";
    let link = (path(), path()).prop_map(move |(from, to)| if with_links { Link(from, to) } else { Touch(to) });
    prop_oneof![
        1 => (path(), text()).prop_map(|(path, text)| Write(path, text)),
        1 => (path(), text()).prop_map(|(path, text)| Append(path, text)),
        1 => (path(), 0..20_u64).prop_map(|(path, length)| Truncate(path, length)),
        1 => path().prop_map(Sparse),
        2 => (path(), path()).prop_map(move |(from, to)| Rename { from, to, copies: with_links }),
        1 => path().prop_map(Unlink),
        1 => path().prop_map(RemoveAll),
        1 => path().prop_map(MakeDirectory),
        1 => (path(), prop_oneof![Just(0o600), Just(0o755), Just(0o640), Just(0o700)])
            .prop_map(|(path, mode)| Mode(path, mode)),
        1 => (path(), path()).prop_map(|(path, target)| Symlink(path, target)),
        1 => link,
        1 => (path(), "[a-z]{0,3}").prop_map(|(path, value)| Attribute(path, value)),
        1 => path().prop_map(NoAttribute),
        1 => path().prop_map(Touch),
        1 => path().prop_map(Exchange),
        1 => (path(), text()).prop_map(|(path, text)| Save(path, text)),
    ]
}

/// Does them in a tree. What fails there, fails on the other side too. Every file that one touches gets its number for a
/// time, so that both sides have the same times.
pub(crate) fn carry_out(root: &Path, operations: &[Operation], first: i64) {
    for (number, operation) in operations.iter().enumerate() {
        let _ = one(root, operation, first + number as i64);
    }
}

fn one(root: &Path, operation: &Operation, time: i64) -> io::Result<()> {
    use Operation::*;
    let at = |path: &PathBuf| in_root(root, path);
    // What a link leads to is not written to, as it could be elsewhere.
    let no_link = |path: &PathBuf| {
        let path = in_root(root, path)?;
        if path.is_symlink() { Err(io::Error::from(Errno::LOOP)) } else { Ok(path) }
    };
    match operation {
        Write(path, text) => fs::write(no_link(path)?, text).and_then(|()| touch(&at(path)?, time)),
        Append(path, text) => {
            OpenOptions::new().append(true).open(no_link(path)?)?.write_all(text.as_bytes())?;
            touch(&at(path)?, time)
        }
        Truncate(path, length) => {
            OpenOptions::new().write(true).open(no_link(path)?)?.set_len(*length)?;
            touch(&at(path)?, time)
        }
        Sparse(path) => {
            let mut file = File::create(no_link(path)?)?;
            file.seek(SeekFrom::Start(1 << 20))?;
            file.write_all(b"end")?;
            touch(&at(path)?, time)
        }
        Rename { from, to, copies } => rename(&at(from)?, &at(to)?, *copies),
        Unlink(path) => fs::remove_file(at(path)?),
        RemoveAll(path) => fs::remove_dir_all(at(path)?),
        MakeDirectory(path) => fs::create_dir_all(at(path)?),
        Mode(path, mode) => {
            let path = no_link(path)?;
            let extra = if path.is_dir() { 0o700 } else { 0 };
            fs::set_permissions(path, PermissionsExt::from_mode(mode | extra))
        }
        Symlink(path, target) => symlink(target, at(path)?).and_then(|()| touch(&at(path)?, time)),
        Link(from, to) => fs::hard_link(at(from)?, at(to)?),
        Attribute(path, value) => {
            let path = at(path)?;
            Ok(rustix::fs::lsetxattr(path, "user.mine", value.as_bytes(), XattrFlags::empty())?)
        }
        NoAttribute(path) => Ok(rustix::fs::lremovexattr(at(path)?, "user.mine")?),
        Touch(path) => touch(&at(path)?, time),
        Exchange(path) => exchange(&at(path)?, time),
        Save(path, text) => {
            let new = root.join("saved");
            fs::write(&new, text)?;
            touch(&new, time)?;
            fs::rename(&new, at(path)?).inspect_err(|_| fs::remove_file(&new).unwrap())
        }
    }
}

/// No link is followed: it could lead out of the tree, and the other side has other ones.
fn in_root(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let mut at = root.to_owned();
    for part in path {
        if at.is_symlink() {
            return Err(Errno::LOOP.into());
        }
        at.push(part);
    }
    Ok(at)
}

fn touch(path: &Path, time: i64) -> io::Result<()> {
    let time = Timespec { tv_sec: time, tv_nsec: 5 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn exchange(path: &Path, time: i64) -> io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        fs::remove_dir_all(path)?;
        fs::write(path, "was a directory")?;
        return touch(path, time);
    }
    fs::remove_file(path)?;
    fs::create_dir(path)?;
    fs::write(path.join("a"), "was a file")?;
    touch(&path.join("a"), time)
}

/// As `mv` does it.
fn rename(from: &Path, to: &Path, copies: bool) -> io::Result<()> {
    let is_directory = fs::symlink_metadata(from)?.is_dir();
    if !is_directory {
        return fs::rename(from, to);
    }
    if to.starts_with(from) || from.starts_with(to) || to.symlink_metadata().is_ok() || !to.parent().unwrap().is_dir() {
        return Err(Errno::INVAL.into());
    }
    // What the kernel does for directories of the topmost layer only.
    let renamed = if copies { Err(Errno::XDEV.into()) } else { fs::rename(from, to) };
    match renamed {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::XDEV) => {
            copy(from, to)?;
            fs::remove_dir_all(from)
        }
        other => other,
    }
}

/// With what is said about it, but without other names.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if metadata.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
    } else {
        fs::write(to, fs::read(from)?)?;
    }
    if !metadata.is_symlink() {
        let mut value = [0; 64];
        if let Ok(length) = rustix::fs::lgetxattr(from, "user.mine", &mut value) {
            rustix::fs::lsetxattr(to, "user.mine", &value[..length], XattrFlags::empty())?;
        }
        fs::set_permissions(to, metadata.permissions())?;
    }
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
