//! From a call that changes something to the paths that it is about, so that what lies there is kept before it goes on.
//!
//! A process waits meanwhile. What it asks for may be changed by another of its threads before the kernel reads it again, so
//! that a program which wants to can keep its changes from being undone; but only what lies in the places of the run is
//! looked at, by its name and without following links.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use pinfold_confine::linux::{Named, Notice, Purpose};
use pinfold_stage::before::Keeping;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::process::Pid;

use super::executed::{Root, current_directory, directory};
use super::refused::missing;

/// Keeps what there is.
#[derive(Debug)]
pub(crate) struct Before(Keeping);

/// What a path leads to.
struct Meant {
    /// As it is seen inside, without links.
    path: PathBuf,
    /// The number of what is there.
    inode: Option<u64>,
}

impl Before {
    pub(crate) fn new(keeping: Keeping) -> Self {
        Self(keeping)
    }

    /// Keeps what a call would change.
    pub(crate) fn look(&mut self, root: &Root<'_>, notice: &Notice) {
        if !notice.may_change() {
            return;
        }
        let thread = notice.thread;
        if let Some(descriptor) = notice.descriptor() {
            return self.said(opened(&of_thread(thread, &format!("fd/{descriptor}"))));
        }
        match &*notice.named() {
            [from, to] if (from.purpose, to.purpose) == (Purpose::Remove, Purpose::Replace) => {
                if let (Some(from), Some(to)) = (name(root, thread, from), name(root, thread, to))
                    && (self.0.is_about(&from) || self.0.is_about(&to))
                {
                    self.0.before_rename(&from, &to);
                }
            }
            named => named.iter().for_each(|named| self.look_at(root, thread, named)),
        }
    }

    fn look_at(&mut self, root: &Root<'_>, thread: Pid, named: &Named) {
        match named.purpose {
            Purpose::Make | Purpose::Remove | Purpose::Replace => {
                let Some(path) = name(root, thread, named).filter(|path| self.0.is_about(path)) else { return };
                match named.purpose {
                    Purpose::Make => self.0.before_made(&path),
                    _ => self.0.before_removed(&path),
                }
            }
            Purpose::Write | Purpose::Create => {
                if let Some(Meant { path, inode }) =
                    meant(root, thread, named).filter(|meant| self.0.is_about(&meant.path))
                {
                    self.0.before_write(&path, inode);
                }
            }
            // Of a call that changes something it is what gets another name.
            Purpose::Attributes | Purpose::Look => self.said(meant(root, thread, named)),
            Purpose::Read | Purpose::Connect | Purpose::Execute => {}
        }
    }

    fn said(&mut self, meant: Option<Meant>) {
        if let Some(Meant { path, inode }) = meant.filter(|meant| meant.inode.is_some() && self.0.is_about(&meant.path))
        {
            self.0.before_said(&path, inode);
        }
    }
}

const FLAGS: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// What a path leads to, or where it would be made.
fn meant(root: &Root<'_>, thread: Pid, named: &Named) -> Option<Meant> {
    let path = match absolute(thread, named)? {
        Way::Inside(path) => path,
        Way::Opened(path) => return opened(&path),
    };
    let follow = if named.follows { OFlags::empty() } else { OFlags::NOFOLLOW };
    let look = |root: BorrowedFd<'_>| match openat2(root, &path, FLAGS | follow, Mode::empty(), ResolveFlags::IN_ROOT) {
        Ok(found) => of(&found),
        Err(_) => Some(Meant { path: missing(root, &path, named.follows)?, inode: None }),
    };
    root.with(thread, look).flatten()
}

/// A name, and where it is. What it stands for is not asked.
fn name(root: &Root<'_>, thread: Pid, named: &Named) -> Option<PathBuf> {
    let Way::Inside(path) = absolute(thread, named)? else { return None };
    let (parent, name) = path.parent().zip(path.file_name())?;
    let open =
        |root: BorrowedFd<'_>| openat2(root, parent, FLAGS | OFlags::DIRECTORY, Mode::empty(), ResolveFlags::IN_ROOT);
    let parent = root.with(thread, open)?.ok()?;
    Some(path_of(&parent)?.join(name))
}

/// Where a path begins.
enum Way {
    /// At the root of the run.
    Inside(PathBuf),
    /// At what is open, under this name outside.
    Opened(PathBuf),
}

/// The path, from the root. What leads through the process itself means this process here, so it is asked from outside.
fn absolute(thread: Pid, named: &Named) -> Option<Way> {
    let path = if named.path.is_absolute() {
        named.path.clone()
    } else {
        named
            .directory
            .map_or_else(|| current_directory(thread), |descriptor| directory(thread, descriptor))?
            .join(&named.path)
    };
    let own = ["/proc/self", "/proc/thread-self"].iter().find_map(|own| path.strip_prefix(own).ok());
    let descriptor = |number: &Path| number.to_str().filter(|number| number.parse::<u32>().is_ok()).map(str::to_owned);
    let open = own.and_then(|own| own.strip_prefix("fd").ok()).or_else(|| path.strip_prefix("/dev/fd").ok());
    let standard = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().position(|standard| path == Path::new(standard));
    if let Some(number) = open.and_then(descriptor).or_else(|| standard.map(|number| number.to_string())) {
        return Some(Way::Opened(of_thread(thread, &format!("fd/{number}"))));
    }
    Some(Way::Inside(match own {
        Some(own) if own.starts_with("cwd") => current_directory(thread)?.join(own.strip_prefix("cwd").ok()?),
        Some(own) if own.starts_with("root") => Path::new("/").join(own.strip_prefix("root").ok()?),
        _ => path,
    }))
}

fn of_thread(thread: Pid, what: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{thread}/{what}"))
}

/// What is behind a link of the kernel's.
fn opened(link: &Path) -> Option<Meant> {
    of(&openat(CWD, link, FLAGS, Mode::empty()).ok()?)
}

/// Nothing for what has no name any more.
fn of(found: &OwnedFd) -> Option<Meant> {
    let stat = rustix::fs::fstat(found).ok()?;
    (stat.st_nlink > 0).then_some(Meant { path: path_of(found)?, inode: Some(stat.st_ino) })
}

fn path_of(found: &impl AsFd) -> Option<PathBuf> {
    let link = format!("/proc/self/fd/{}", found.as_fd().as_raw_fd());
    let target = rustix::fs::readlinkat(CWD, link, Vec::new()).ok()?;
    Some(OsString::from_vec(target.into_bytes()).into())
}
