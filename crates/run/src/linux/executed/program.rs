//! The file that a process asks to become: opened, so that it stays the same one, but neither read nor executed.
//!
//! Paths are resolved below the root of the run, links in them as well, so that nothing outside can be meant.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, StatVfsMountFlags, fstatvfs, openat, openat2};
use rustix::io::Errno;
use rustix::process::Pid;

/// After this a file that is changed again bears another time.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// What a path leads to.
pub(super) enum Found {
    /// A file that can be executed by somebody.
    Program(Program),
    /// Nothing, or something else: the kernel will refuse it.
    Missing,
    /// What this process cannot look at.
    Unknown,
}

/// An executable file.
#[derive(Debug)]
pub(super) struct Program {
    /// The file itself, by `O_PATH`.
    pub(super) file: OwnedFd,
    pub(super) version: Version,
}

/// Tells a file from all others, and from itself before it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Version {
    pub(super) device: u64,
    pub(super) inode: u64,
    /// When it was last changed in any way (`st_ctime`): seconds and nanoseconds.
    pub(super) changed: (i64, i64),
    pub(super) bytes: u64,
}

/// Where a process looks for programs.
#[derive(Debug)]
pub(crate) struct Root<'a> {
    /// The root directory of the run.
    pub(super) directory: BorrowedFd<'a>,
    /// Processes may have roots of their own, so each is asked for it.
    pub(super) differs: bool,
}

impl Root<'_> {
    /// Opens what a thread means by an absolute path.
    pub(super) fn open(&self, thread: Pid, path: &Path) -> Found {
        // What leads through the process itself means this process here, so it is asked from outside.
        if let Some(rest) = of_itself(path) {
            return opened(openat(CWD, format!("/proc/{thread}/{rest}"), FLAGS, Mode::empty()));
        }
        self.with(thread, |root| open_below(root, path)).unwrap_or(Found::Unknown)
    }

    /// Gives the directory that absolute paths of a thread begin at. `None`: nobody knows.
    pub(crate) fn with<T>(&self, thread: Pid, act: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
        if !self.differs {
            return Some(act(self.directory));
        }
        let own = openat(CWD, format!("/proc/{thread}/root"), FLAGS, Mode::empty()).ok()?;
        Some(act(own.as_fd()))
    }
}

const FLAGS: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// Opens what an absolute path means below a root directory, whatever links are on the way.
pub(super) fn open_below(root: BorrowedFd<'_>, path: &Path) -> Found {
    opened(openat2(root, path, FLAGS, Mode::empty(), ResolveFlags::IN_ROOT))
}

/// Whether a path is not there, and no link has anything to do with it.
pub(super) fn is_missing_without_links(root: BorrowedFd<'_>, path: &Path) -> bool {
    let flags = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    matches!(openat2(root, path, FLAGS, Mode::empty(), flags), Err(Errno::NOENT | Errno::NOTDIR))
}

/// Opens what a descriptor of a thread stands for.
pub(super) fn open_descriptor(thread: Pid, descriptor: i32) -> Found {
    opened(openat(CWD, format!("/proc/{thread}/fd/{descriptor}"), FLAGS, Mode::empty()))
}

/// What is behind `/proc/self/` of a path, where that is one file and not a way to others.
fn of_itself(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let rest = ["/proc/self/", "/proc/thread-self/"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let is_descriptor = || rest.strip_prefix("fd/").is_some_and(|number| number.parse::<u32>().is_ok());
    (rest == "exe" || is_descriptor()).then_some(rest)
}

fn opened(file: rustix::io::Result<OwnedFd>) -> Found {
    match file {
        Ok(file) => Program::of(file).map_or(Found::Missing, Found::Program),
        Err(Errno::NOENT | Errno::NOTDIR) => Found::Missing,
        Err(_) => Found::Unknown,
    }
}

impl Program {
    fn of(file: OwnedFd) -> Option<Self> {
        let stat = rustix::fs::fstat(&file).ok()?;
        let executable = stat.st_mode & 0o111 != 0 && rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        executable.then_some(Self { file, version: Version::of(&stat) })
    }

    /// Its path, as seen inside.
    pub(super) fn path(&self) -> Option<PathBuf> {
        link(&format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}

/// Opens a file to be read that was opened to be looked at.
pub(super) fn open_to_read(file: &OwnedFd) -> std::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    Ok(openat(CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), flags, Mode::empty())?.into())
}

impl Version {
    /// Whether it is so young that another change could bear the same time: clocks of file systems are coarse.
    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since_epoch = Duration::new(seconds.try_into().unwrap_or(0), nanoseconds.try_into().unwrap_or(0));
        now.duration_since(UNIX_EPOCH + since_epoch).map_or(true, |age| age < SETTLED_AFTER)
    }

    #[allow(clippy::unnecessary_cast, reason = "the types differ between C libraries")]
    fn of(stat: &rustix::fs::Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            bytes: stat.st_size as u64,
        }
    }

    /// Of a file that is open.
    pub(super) fn of_file(file: &File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            bytes: metadata.len(),
        })
    }
}

/// Whether nothing can be written to a file where it was opened, whoever asks.
pub(crate) fn is_read_only(file: impl AsFd) -> bool {
    fstatvfs(file).is_ok_and(|status| status.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// The current directory of a thread, as seen inside.
pub(crate) fn current_directory(thread: Pid) -> Option<PathBuf> {
    link(&format!("/proc/{thread}/cwd"))
}

/// The directory behind a descriptor of a thread, as seen inside.
pub(crate) fn directory(thread: Pid, descriptor: i32) -> Option<PathBuf> {
    link(&format!("/proc/{thread}/fd/{descriptor}"))
}

/// The name of the program that the process of a thread is; empty where it is not known.
pub(crate) fn executable_name(thread: Pid) -> OsString {
    let path = link(&format!("/proc/{thread}/exe"));
    path.as_deref().and_then(Path::file_name).map(OsStr::to_owned).unwrap_or_default()
}

fn link(path: &str) -> Option<PathBuf> {
    let target = rustix::fs::readlinkat(CWD, path, Vec::new()).ok()?;
    Some(OsStr::from_bytes(target.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_means_itself_by_one_file_only() {
        assert_eq!(of_itself(Path::new("/proc/self/exe")), Some("exe"));
        assert_eq!(of_itself(Path::new("/proc/thread-self/fd/12")), Some("fd/12"));
        for way in
            ["/proc/self/root/bin/sh", "/proc/self/cwd/x", "/proc/self/fd/3/x", "/proc/self/fd/../root", "/proc/1/exe"]
        {
            assert_eq!(of_itself(Path::new(way)), None, "{way}");
        }
    }
}
