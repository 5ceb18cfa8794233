//! The changed tree, by descriptor: nothing is reached through a symbolic link, and only regular files are opened.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use pinfold_policy::Platform;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat};
use rustix::io::Errno;

use super::thing::{Thing, within};

/// Whose names of files these are.
pub(crate) const PLATFORM: Platform = Platform::Linux;

/// A descriptor that only names something: nothing is opened by it, so that no device, pipe or socket notices.
const NAME: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A tree that lies in no one directory: what several show together.
pub trait Combined: Send + Sync {
    /// A descriptor that only names what lies at a path (`O_PATH`), reached without following links.
    ///
    /// # Errors
    /// `ENOENT` or `ENOTDIR` where nothing lies.
    fn name(&self, path: &Path) -> io::Result<OwnedFd>;

    /// The names in a directory.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    fn names(&self, path: &Path) -> io::Result<Vec<OsString>>;
}

/// The root, held open.
pub(crate) struct Tree {
    root: Root,
    /// Without symbolic links, to tell whether a link leads out.
    path: PathBuf,
}

enum Root {
    Directory(OwnedFd),
    Combined(Box<dyn Combined>),
}

/// A regular file that is named and not yet opened.
pub(crate) struct Regular {
    name: OwnedFd,
    mode: u32,
    pub(super) bytes: u64,
}

impl Tree {
    /// Opens the root. Here, and only here, symbolic links count as in any path.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = openat(CWD, path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { root: Root::Directory(root), path: std::fs::canonicalize(path)? })
    }

    /// One that stands in for what lies at a path.
    pub(crate) fn combined(tree: Box<dyn Combined>, path: &Path) -> Self {
        Self { root: Root::Combined(tree), path: path.to_owned() }
    }

    /// Looks at a path below the root.
    pub(crate) fn look(&self, path: &Path) -> Thing {
        match self.name(path).and_then(|name| describe(name).map_err(Into::into)) {
            Ok(thing) => thing,
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR) => Thing::Gone,
                _ => Thing::Unreachable,
            },
        }
    }

    /// Whether there is anything at a path below the root.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.name(path).is_ok()
    }

    /// The names in a directory below the root.
    pub(crate) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        if let Root::Combined(tree) = &self.root {
            return tree.names(path);
        }
        let directory = self.name(path)?;
        // Through the descriptor: the path may mean something else by now.
        std::fs::read_dir(reopened(&directory))?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Where the link or pointer at a path leads: a path below the root, or `None` when it leads out. By the words alone:
    /// what lies behind further links is judged where those lie.
    pub(crate) fn leads_to(&self, link: &Path, target: &Path) -> Option<PathBuf> {
        within(&self.path, link.parent().unwrap_or(Path::new("")), target)
    }

    fn name(&self, path: &Path) -> io::Result<OwnedFd> {
        let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let root = match &self.root {
            Root::Combined(tree) => return tree.name(path),
            Root::Directory(root) => root,
        };
        match openat2(root, path, NAME, Mode::empty(), within) {
            // Old kernels and some container filters do not know the call, and paths may be longer than it takes.
            Err(Errno::NOSYS | Errno::PERM | Errno::NAMETOOLONG) => name_stepwise(root, path),
            opened => Ok(opened?),
        }
    }
}

fn name_stepwise(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let mut nearer: Option<OwnedFd> = None;
    for component in path.components() {
        let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
        let from = nearer.as_ref().unwrap_or(root);
        // A link is no directory that the next step could start from.
        nearer = Some(openat(from, name, NAME, Mode::empty())?);
    }
    nearer.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn describe(name: OwnedFd) -> Result<Thing, Errno> {
    let stat = fstat(&name)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            Thing::File(Regular { name, mode: stat.st_mode, bytes: u64::try_from(stat.st_size).unwrap_or(0) })
        }
        FileType::Symlink => {
            let target = readlinkat(&name, "", Vec::new())?.into_bytes();
            Thing::Link(OsString::from_vec(target).into())
        }
        FileType::Directory => Thing::Directory,
        _ => Thing::Special,
    })
}

impl Regular {
    /// By its mode.
    pub(crate) fn may_be_executed(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// At most so many bytes from the beginning.
    pub(crate) fn head(&self, bytes: u64) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // The file that was looked at, whatever its path means by now.
        let file = openat(CWD, reopened(&self.name), flags, Mode::empty())?;
        let mut content = Vec::new();
        File::from(file).take(bytes).read_to_end(&mut content)?;
        Ok(content)
    }
}

/// A path as a file holds it.
pub(crate) fn path(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

/// The way to open what a descriptor names.
fn reopened(name: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", name.as_raw_fd()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_after_the_other_leads_where_one_call_leads() {
        let root = std::env::temp_dir().join(format!("pinfold-traps-tree-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/c"), "x").unwrap();
        std::os::unix::fs::symlink("a", root.join("l")).unwrap();
        let tree = Tree::open(&root).unwrap();
        let Root::Directory(directory) = &tree.root else { panic!("a directory") };
        let stepwise = |path: &str| name_stepwise(directory, Path::new(path));
        let regular = |name: io::Result<OwnedFd>| matches!(describe(name.unwrap()), Ok(Thing::File(_)));
        assert!(regular(tree.name(Path::new("a/b/c"))) && regular(stepwise("a/b/c")));
        for path in ["l/b/c", "../x", "/etc/passwd", ""] {
            assert!(tree.name(Path::new(path)).is_err(), "{path}");
            assert!(stepwise(path).is_err(), "{path}");
        }
        assert!(matches!(tree.look(Path::new("l")), Thing::Link(target) if target == Path::new("a")));
        assert!(matches!(tree.look(Path::new("a/z")), Thing::Gone));
        std::fs::remove_dir_all(root).unwrap();
    }
}
