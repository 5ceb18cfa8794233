//! The root directory that the command sees, built by descriptor from detached mounts.
//!
//! Every source is cloned while the host's root is still ours, every target is opened below the new root without
//! following a symbolic link, so nothing that changes a path meanwhile can lead a mount astray.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use pinfold_plan::{Mount, Plan};
use rustix::fs::{AtFlags, CWD, FileType, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, UnmountFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
    unmount,
};

use super::error::{ConfineError, Context};
use super::trees::{
    NO_DEVICES, NO_SETUID, READ_ONLY, Tree, Trees, attach, clone_one, clone_tree, release_one, restrict, restrict_one,
};

/// Where the templates of hidden paths lie, and nothing else.
const OWN_DIRECTORY: &str = "/.pinfold";
const HIDDEN_DIRECTORY: &str = "/.pinfold/directory";
const HIDDEN_FILE: &str = "/.pinfold/file";

/// Where what was taken back lies.
const AWAY_DIRECTORY: &str = "/.pinfold/away";

/// The harmless devices of `/dev`.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// The links of `/dev`.
const DEVICE_LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
    ("core", "/proc/kcore"),
];

/// The new root while it is being built, mounted over the old one.
pub(super) struct Root {
    /// The memory-backed file system at `/`.
    fd: OwnedFd,
    /// The steps that are done already.
    done: Vec<Mount>,
    /// How many files of our own text there are.
    texts: Cell<u32>,
}

impl Root {
    /// Begins with what is known before the plan: steps that show nothing of the host's files.
    pub(super) fn begin(size_bytes: Option<u64>, early: &[Mount]) -> Result<Self, ConfineError> {
        let mut root = Self::new(size_bytes)?;
        for mount in early {
            root.apply(mount, || Err(Errno::INVAL).step_at("show early", mount.at()))?;
            root.done.push(mount.clone());
        }
        Ok(root)
    }

    /// Makes the plan's mounts the root of this mount namespace. Afterwards nothing of the old root is reachable.
    ///
    /// `trees` are the parts of the host that the supervisor has detached already, because it alone may.
    pub(super) fn finish(mut self, plan: &Plan, trees: &Trees) -> Result<(), ConfineError> {
        for (index, mount) in plan.mounts.iter().enumerate() {
            match self.done.iter().position(|done| done == mount) {
                Some(place) => drop(self.done.swap_remove(place)),
                None => self.apply(mount, || trees.get(index, mount))?,
            }
        }
        // What the plan does not say must not be there.
        if let Some(unplanned) = self.done.first() {
            return Err(Errno::INVAL).step_at("plan", unplanned.at());
        }
        self.become_root()
    }

    /// The steps of a plan that has one place only, as one detached tree. Afterwards this root has no more use.
    pub(super) fn view(&self, plan: &Plan, trees: &Trees, at: &Path) -> Result<OwnedFd, ConfineError> {
        for (index, mount) in plan.mounts.iter().enumerate() {
            self.apply(mount, || trees.get(index, mount))?;
        }
        let top = self.open(at).step_at("open", at)?;
        let tree = clone_tree(top.as_fd(), Path::new("")).step_at("take a view of", at)?;
        restrict(tree.as_fd(), NO_SETUID | NO_DEVICES).step_at("restrict the view of", at)?;
        Ok(tree)
    }

    /// The root of this mount namespace, which has been one for a while.
    pub(super) fn of_this_namespace() -> Result<Self, ConfineError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open("/", flags, 0.into()).step("open the private root")?;
        Ok(Self::at(fd))
    }

    /// Attaches a tree at a path. Where the place for it has to be made in the sealed root itself, it is made through a
    /// view of it that is not sealed, and that nobody else has.
    pub(super) fn add(&self, tree: BorrowedFd<'_>, at: &Path) -> Result<(), ConfineError> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(tree).step_at("look at", at)?.st_mode);
        let directory = kind == FileType::Directory;
        let target = match self.prepare(at, directory) {
            Err(error) if error.source.raw_os_error() == Some(libc::EROFS) => {
                self.unsealed()?.prepare(at, directory)?;
                self.open_as(at, directory).step_at("open the mount point", at)?
            }
            other => other?,
        };
        attach(tree, target.as_fd(), Path::new("")).step_at("mount", at)
    }

    /// Moves a mount that is in use, with all that is mounted below it, to where no path leads.
    pub(super) fn put_away(&self, tree: BorrowedFd<'_>) -> Result<(), ConfineError> {
        let step = "put away";
        let unsealed = self.unsealed()?;
        let directory = unsealed.prepare(Path::new(AWAY_DIRECTORY), true)?;
        rustix::fs::chmodat(&directory, ".", 0o000.into(), AtFlags::empty()).step(step)?;
        let free = |number: &u32| {
            let at = Path::new(AWAY_DIRECTORY).join(number.to_string());
            matches!(unsealed.open(&at), Err(Errno::NOENT))
        };
        let number = (0..u32::MAX).find(free).ok_or(Errno::NOSPC).step(step)?;
        self.add(tree, &Path::new(AWAY_DIRECTORY).join(number.to_string()))
    }

    /// A file with this text in the private root itself, in place of the one that is there.
    pub(super) fn note(&self, at: &Path, text: &str) -> Result<(), ConfineError> {
        let step = "write";
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else {
            return Err(Errno::INVAL).step_at(step, at);
        };
        let directory = self.unsealed()?.prepare(parent, true)?;
        let mut fresh = name.to_owned();
        fresh.push(".new");
        let _ = rustix::fs::unlinkat(&directory, &fresh, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let written = rustix::fs::openat(&directory, &fresh, flags, 0o600.into()).step_at(step, at)?;
        std::fs::File::from(written).write_all(text.as_bytes()).step_at(step, at)?;
        rustix::fs::renameat(&directory, &fresh, &directory, name).step_at(step, at)
    }

    /// The memory-backed file system without what lies over it, to be written.
    fn unsealed(&self) -> Result<Self, ConfineError> {
        let step = "open the private root to be written";
        let fd = clone_one(self.fd.as_fd()).step(step)?;
        release_one(fd.as_fd(), READ_ONLY).step(step)?;
        Ok(Self::at(fd))
    }

    fn at(fd: OwnedFd) -> Self {
        Self { fd, done: Vec::new(), texts: Cell::new(0) }
    }

    fn new(size_bytes: Option<u64>) -> Result<Self, ConfineError> {
        let step = "make the private root";
        let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).step(step)?;
        fsconfig_set_string(context.as_fd(), "mode", "0755").step(step)?;
        if let Some(bytes) = size_bytes {
            fsconfig_set_string(context.as_fd(), "size", bytes.to_string()).step(step)?;
        }
        fsconfig_create(context.as_fd()).step(step)?;
        let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        let fd = fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, flags).step(step)?;
        // Over the old root, where no path lookup of ours can stray into it: we only go on by descriptor.
        attach(fd.as_fd(), CWD, Path::new("/")).step(step)?;
        let root = Self::at(fd);
        root.make_templates()?;
        Ok(root)
    }

    /// The unreadable file and directory that lie over hidden paths.
    fn make_templates(&self) -> Result<(), ConfineError> {
        let step = "make the cover of hidden paths";
        let inside = |path: &'static str| path.trim_start_matches('/');
        rustix::fs::mkdirat(&self.fd, inside(OWN_DIRECTORY), 0o711.into()).step(step)?;
        rustix::fs::mkdirat(&self.fd, inside(HIDDEN_DIRECTORY), 0o000.into()).step(step)?;
        rustix::fs::mknodat(&self.fd, inside(HIDDEN_FILE), FileType::RegularFile, 0o000.into(), 0).step(step)
    }

    /// One step of the plan. `tree` gives the part of the host that it shows.
    fn apply<'a>(&self, mount: &Mount, tree: impl Fn() -> Result<Tree<'a>, ConfineError>) -> Result<(), ConfineError> {
        match mount {
            Mount::Bind { at, directory, .. } => self.place(tree()?.as_fd(), at, *directory),
            Mount::CopyOnWrite { at, .. } => self.place(tree()?.as_fd(), at, true),
            Mount::Private { at, mode } => self.private(at, *mode),
            Mount::Text { at, text } => self.text(at, text),
            Mount::Link { at, target } => self.link(at, target),
            Mount::Place { at } => self.keep_place(at),
            Mount::Pin { at } => self.remount(at, 0, "pin"),
            Mount::Seal { at } => self.remount(at, READ_ONLY, "make read-only"),
            Mount::Hide { at, directory } => self.hide(at, *directory),
            Mount::Mask { at, text } => self.mask(at, text),
            Mount::Proc => self.proc(),
            Mount::Devices => self.devices(),
        }
    }

    /// A directory that one can only pass through, as nothing is there yet, unless something is.
    fn keep_place(&self, at: &Path) -> Result<(), ConfineError> {
        if self.open_as(at, true).is_ok() {
            return Ok(());
        }
        let place = self.prepare(at, true)?;
        rustix::fs::chmodat(&place, ".", 0o111.into(), AtFlags::empty()).step_at("set the mode of", at)
    }

    fn private(&self, at: &Path, mode: u32) -> Result<(), ConfineError> {
        let target = self.prepare(at, true)?;
        rustix::fs::chmodat(target.as_fd(), ".", mode.into(), AtFlags::empty()).step_at("set the mode of", at)?;
        let tree = clone_tree(target.as_fd(), Path::new("")).step_at("take a view of", at)?;
        attach(tree.as_fd(), target.as_fd(), Path::new("")).step_at("mount", at)
    }

    fn text(&self, at: &Path, text: &str) -> Result<(), ConfineError> {
        self.place(self.written(at, text)?.as_fd(), at, false)
    }

    /// Lays a text over a file, or nothing where there is no file any more.
    fn mask(&self, at: &Path, text: &str) -> Result<(), ConfineError> {
        let target = match self.open(at) {
            Err(Errno::NOENT) => return Ok(()),
            other => other.step_at("mask", at)?,
        };
        attach(self.written(at, text)?.as_fd(), target.as_fd(), Path::new("")).step_at("mask", at)
    }

    /// A file of the private root with this text, as a read-only mount.
    fn written(&self, at: &Path, text: &str) -> Result<OwnedFd, ConfineError> {
        let step = "write";
        // Files of the same name may be masked in many directories.
        let number = self.texts.replace(self.texts.get() + 1);
        let file = Path::new(relative(Path::new(OWN_DIRECTORY))).join(number.to_string());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let written = rustix::fs::openat(&self.fd, &file, flags, 0o644.into()).step_at(step, at)?;
        std::fs::File::from(written).write_all(text.as_bytes()).step_at(step, at)?;
        let tree = clone_tree(self.fd.as_fd(), &file).step_at(step, at)?;
        restrict(tree.as_fd(), READ_ONLY | NO_SETUID | NO_DEVICES).step_at(step, at)?;
        Ok(tree)
    }

    fn link(&self, at: &Path, target: &Path) -> Result<(), ConfineError> {
        if let Some(parent) = at.parent() {
            self.prepare(parent, true)?;
        }
        match rustix::fs::symlinkat(target, &self.fd, relative(at)) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error).step_at("make the link", at),
        }
    }

    /// Mounts `at` on itself, with more attributes.
    fn remount(&self, at: &Path, attributes: u64, what: &str) -> Result<(), ConfineError> {
        let target = match self.open(at) {
            // Gone since it was found, so there is nothing to keep; its name is watched like every missing one.
            Err(Errno::NOENT) => return Ok(()),
            other => other.step_at(what, at)?,
        };
        let tree = clone_tree(target.as_fd(), Path::new("")).step_at(what, at)?;
        restrict(tree.as_fd(), attributes | NO_SETUID | NO_DEVICES).step_at(what, at)?;
        attach(tree.as_fd(), target.as_fd(), Path::new("")).step_at(what, at)
    }

    fn hide(&self, at: &Path, directory: bool) -> Result<(), ConfineError> {
        let target = match self.open(at) {
            Err(Errno::NOENT) => return Ok(()),
            other => other.step_at("hide", at)?,
        };
        let template = if directory { HIDDEN_DIRECTORY } else { HIDDEN_FILE };
        let tree = clone_tree(self.fd.as_fd(), relative(Path::new(template))).step_at("hide", at)?;
        restrict(tree.as_fd(), READ_ONLY | NO_SETUID | NO_DEVICES).step_at("hide", at)?;
        attach(tree.as_fd(), target.as_fd(), Path::new("")).step_at("hide", at)
    }

    fn proc(&self) -> Result<(), ConfineError> {
        let step = "mount /proc";
        let context = fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC).step(step)?;
        fsconfig_create(context.as_fd()).step(step)?;
        let flags =
            MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        let tree = fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, flags).step(step)?;
        self.place(tree.as_fd(), Path::new("/proc"), true)?;
        // The names of keys of the same user outside.
        for path in ["/proc/keys", "/proc/key-users"] {
            self.hide(Path::new(path), false)?;
        }
        for path in ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"] {
            self.remount(Path::new(path), READ_ONLY, "make read-only")?;
        }
        Ok(())
    }

    fn devices(&self) -> Result<(), ConfineError> {
        let directory = self.prepare(Path::new("/dev"), true)?;
        for name in DEVICES {
            let path = Path::new("/dev").join(name);
            let tree = clone_tree(CWD, &path).step_at("take a view of", &path)?;
            restrict(tree.as_fd(), NO_SETUID).step_at("restrict the view of", &path)?;
            let point = make_here(directory.as_fd(), OsStr::new(name), false).step_at("make the mount point", &path)?;
            attach(tree.as_fd(), point.as_fd(), Path::new("")).step_at("mount", &path)?;
        }
        for (name, target) in DEVICE_LINKS {
            rustix::fs::symlinkat(target, &directory, name).step_at("make the link", Path::new(name))?;
        }
        self.private(Path::new("/dev/shm"), 0o1777)?;
        self.terminals()
    }

    /// An own `/dev/pts`, so that no terminal of the host can be opened.
    fn terminals(&self) -> Result<(), ConfineError> {
        let step = "mount /dev/pts";
        let context = fsopen("devpts", FsOpenFlags::FSOPEN_CLOEXEC).step(step)?;
        for (key, value) in [("ptmxmode", "0666"), ("mode", "0620")] {
            fsconfig_set_string(context.as_fd(), key, value).step(step)?;
        }
        fsconfig_create(context.as_fd()).step(step)?;
        let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        let tree = fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, flags).step(step)?;
        self.place(tree.as_fd(), Path::new("/dev/pts"), true)
    }

    /// Attaches a detached mount at a path inside, which is made when it is missing.
    fn place(&self, tree: BorrowedFd<'_>, at: &Path, directory: bool) -> Result<(), ConfineError> {
        let target = self.prepare(at, directory)?;
        attach(tree, target.as_fd(), Path::new("")).step_at("mount", at)
    }

    /// Opens the mount point `at`, making it and its parents when missing.
    fn prepare(&self, at: &Path, directory: bool) -> Result<OwnedFd, ConfineError> {
        match self.open_as(at, directory) {
            Ok(target) => return Ok(target),
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => {}
            Err(error) => return Err(error).step_at("open the mount point", at),
        }
        self.make(at, directory).step_at("make the mount point", at)
    }

    /// Opens an existing path inside; a symbolic link on the way is an error.
    fn open(&self, at: &Path) -> Result<OwnedFd, Errno> {
        self.open_as(at, false)
    }

    fn open_as(&self, at: &Path, directory: bool) -> Result<OwnedFd, Errno> {
        let kind = if directory { OFlags::DIRECTORY } else { OFlags::empty() };
        let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW | kind;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(&self.fd, relative(at), flags, 0.into(), resolve)
    }

    /// Makes a path inside, and what is missing on the way to it. What is in the way (an earlier run may have put a link
    /// into the private home) is moved aside.
    fn make(&self, at: &Path, directory: bool) -> io::Result<OwnedFd> {
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else { return Err(Errno::INVAL.into()) };
        let parent = match self.open_as(parent, true) {
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => self.make(parent, true)?,
            other => other?,
        };
        match open_here(parent.as_fd(), name, directory) {
            Err(Errno::NOENT) => {}
            Err(Errno::LOOP | Errno::NOTDIR) => set_aside(parent.as_fd(), name)?,
            other => return Ok(other?),
        }
        make_here(parent.as_fd(), name, directory)
    }

    /// Seals the root, makes it `/` and lets go of the old one.
    fn become_root(self) -> Result<(), ConfineError> {
        let step = "enter the private root";
        restrict_one(self.fd.as_fd(), READ_ONLY | NO_SETUID | NO_DEVICES).step(step)?;
        rustix::process::fchdir(&self.fd).step(step)?;
        rustix::process::pivot_root(".", ".").step(step)?;
        // The old root lies over the new one now: `.` is the topmost.
        unmount(".", UnmountFlags::DETACH).step(step)?;
        rustix::process::chdir("/").step(step)?;
        self.refuse_another().step("check that the private root is the root")
    }

    /// Nothing else may lie at `/`, whatever was mounted over the old root.
    fn refuse_another(&self) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        for path in ["/", ".", ".."] {
            let found = rustix::fs::open(path, flags, 0.into())?;
            let (found, own) = (rustix::fs::fstat(&found)?, rustix::fs::fstat(&self.fd)?);
            if (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino) {
                return Err(Errno::XDEV.into());
            }
        }
        Ok(())
    }
}

/// `at` without its leading slash, `.` for the root itself.
fn relative(at: &Path) -> &Path {
    match at.strip_prefix("/") {
        Ok(rest) if rest.as_os_str().is_empty() => Path::new("."),
        Ok(rest) => rest,
        Err(_) => at,
    }
}

/// Opens one name in a directory, following nothing.
fn open_here(directory: BorrowedFd<'_>, name: &OsStr, is_directory: bool) -> Result<OwnedFd, Errno> {
    let kind = if is_directory { OFlags::DIRECTORY } else { OFlags::empty() };
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW | kind;
    rustix::fs::openat(directory, name, flags, 0.into())
}

/// Makes one name in a directory and opens it.
fn make_here(directory: BorrowedFd<'_>, name: &OsStr, is_directory: bool) -> io::Result<OwnedFd> {
    let made = if is_directory {
        rustix::fs::mkdirat(directory, name, 0o755.into())
    } else {
        rustix::fs::mknodat(directory, name, FileType::RegularFile, 0o644.into(), 0)
    };
    // Another run in the same private home may have been quicker.
    made.or_else(|error| if error == Errno::EXIST { Ok(()) } else { Err(error) })?;
    Ok(open_here(directory, name, is_directory)?)
}

/// Renames what is in the way of a mount point, keeping it.
fn set_aside(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    for number in 0..1000 {
        let mut aside = name.to_owned();
        aside.push(format!(".set-aside-{number}"));
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(directory, name, directory, &aside, flags) {
            Err(Errno::EXIST) => {}
            other => return Ok(other?),
        }
    }
    Err(Errno::EXIST.into())
}
