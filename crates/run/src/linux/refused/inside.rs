//! What a path leads to in a run, below its root and without leaving it.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags, openat2, readlinkat, statx,
};

use crate::linux::executed::is_read_only;

/// Most names that are followed of one path, those in links as well.
const MAX_STEPS: usize = 256;

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct There {
    /// Something is mounted there, so that it keeps its name.
    pub(super) mounted: bool,
    /// An empty file or directory without any permission, as it lies over what is hidden.
    pub(super) cover: bool,
}

/// A file, opened so that it stays the same one, but neither to be read nor to be written.
pub(super) struct Opened {
    file: OwnedFd,
    pub(super) there: There,
}

impl Opened {
    /// Opens what an absolute path means below `root`. `None`: there is nothing that this process could look at.
    pub(super) fn below(root: BorrowedFd<'_>, path: &Path, follows: bool) -> Option<Self> {
        let follow = if follows { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = OFlags::PATH | OFlags::CLOEXEC | follow;
        let file = openat2(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT).ok()?;
        let look = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let status = statx(&file, "", look, StatxFlags::MODE | StatxFlags::TYPE).ok()?;
        let mounted = status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
        let mode = u32::from(status.stx_mode);
        let cover = mounted && mode & 0o777 == 0 && FileType::from_raw_mode(mode) != FileType::Symlink;
        Some(Self { file, there: There { mounted, cover } })
    }

    /// Whether nothing can be written there, whoever asks.
    pub(super) fn is_read_only(&self) -> bool {
        is_read_only(&self.file)
    }

    /// Its path inside, without links.
    pub(super) fn path(&self) -> Option<PathBuf> {
        link(self.file.as_fd())
    }
}

/// The path that something would have which is not there: links are followed as far as there are some.
pub(crate) fn missing(root: BorrowedFd<'_>, path: &Path, follows: bool) -> Option<PathBuf> {
    let mut real = PathBuf::from("/");
    let mut ahead = names(path);
    let mut exists = true;
    for _ in 0..MAX_STEPS {
        let Some(name) = ahead.pop() else { return Some(real) };
        if name == ".." {
            real.pop();
            continue;
        }
        let next = real.join(name);
        let opened = exists.then(|| Opened::below(root, &next, false)).flatten();
        exists = opened.is_some();
        let target = opened.filter(|_| follows || !ahead.is_empty()).and_then(|opened| target(&opened.file));
        match target {
            Some(target) => {
                if target.is_absolute() {
                    real = PathBuf::from("/");
                }
                ahead.extend(names(&target));
            }
            None => real = next,
        }
    }
    None
}

/// The names of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(name).collect()
}

/// What a link says; nothing where it is none.
fn target(file: &OwnedFd) -> Option<PathBuf> {
    let target = readlinkat(file, "", Vec::new()).ok()?;
    Some(OsStr::from_bytes(target.as_bytes()).into())
}

fn link(file: BorrowedFd<'_>) -> Option<PathBuf> {
    let target = readlinkat(rustix::fs::CWD, format!("/proc/self/fd/{}", file.as_raw_fd()), Vec::new()).ok()?;
    Some(OsStr::from_bytes(target.as_bytes()).into())
}
