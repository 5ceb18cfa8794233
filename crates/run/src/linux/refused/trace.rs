//! From a call that names paths to those of them that something stands in the way of.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use pinfold_confine::linux::{Named, Notice, Purpose, RefusedCall};
use rustix::process::Pid;

use super::inside::{Opened, missing};
use super::log::{Attempt, Log};
use super::{Judge, Refusals, Teller};
use crate::linux::executed::{Root, current_directory, directory, executable_name};

/// Keeps what was refused.
#[derive(Debug)]
pub(crate) struct Trace {
    log: Log,
    /// Without mounts of its own a run meets the host's files, and only the policy tells them apart.
    mounts: bool,
    /// Who is told at once.
    teller: Teller,
}

/// A path that something stands in the way of, if the other thing holds as well.
pub(crate) struct Blocked {
    attempt: Attempt,
    /// What must be there outside: else it is simply missing.
    outside: Option<PathBuf>,
}

impl Trace {
    pub(crate) fn new(judge: Judge, mounts: bool, teller: Teller) -> Self {
        Self { log: Log::new(judge), mounts, teller }
    }

    /// What is refused of a call, as far as it must be found out while the process waits.
    pub(crate) fn look(&self, root: &Root<'_>, notice: &Notice) -> Vec<Blocked> {
        notice.named().into_iter().filter_map(|named| self.look_at(root, notice.thread, named)).collect()
    }

    /// The same of an absolute path that was to be executed.
    pub(crate) fn look_at_program(&self, root: &Root<'_>, thread: Pid, path: PathBuf) -> Option<Blocked> {
        self.look_at(root, thread, Named { directory: None, path, purpose: Purpose::Execute, follows: true })
    }

    /// Takes down what was looked at, now that nobody waits.
    pub(crate) fn take(&mut self, blocked: impl IntoIterator<Item = Blocked>) {
        for Blocked { attempt, outside } in blocked {
            if outside.is_none_or(|path| path.symlink_metadata().is_ok()) {
                self.log.take(attempt).into_iter().for_each(|refused| self.teller.tell(refused));
            }
        }
    }

    /// Takes down a call that its filter refuses.
    pub(crate) fn take_call(&mut self, call: RefusedCall, program: &OsStr) {
        self.log.take_call(call, program);
    }

    /// A program was found.
    pub(crate) fn executed(&mut self, path: &Path) {
        path.file_name().into_iter().for_each(|name| self.log.found_program(name));
    }

    pub(crate) fn finish(self) -> Refusals {
        self.log.finish()
    }

    fn look_at(&self, root: &Root<'_>, thread: Pid, named: Named) -> Option<Blocked> {
        let Named { directory, path, purpose, follows } = named;
        let path = if path.is_absolute() { path } else { base(thread, directory)?.join(path) };
        let (path, outside) = root.with(thread, |root| self.what_blocks(root, &path, purpose, follows)).flatten()?;
        // There, names mean whoever asks: outside this process, and not the one that is traced.
        if path.starts_with("/proc") {
            return None;
        }
        let program = executable_name(thread);
        let attempt = Attempt { path, wanted: purpose.into(), program, thread: thread.as_raw_nonzero().get() };
        Some(Blocked { attempt, outside })
    }

    /// The path without links, if it is blocked, and what must be there outside.
    fn what_blocks(
        &self,
        root: BorrowedFd<'_>,
        path: &Path,
        purpose: Purpose,
        follows: bool,
    ) -> Option<(PathBuf, Option<PathBuf>)> {
        let follows = follows && !matches!(purpose, Purpose::Make | Purpose::Remove | Purpose::Replace);
        if let Some(opened) = Opened::below(root, path, follows) {
            let blocked = opened.there.cover && purpose != Purpose::Look || self.keeps(&opened, purpose);
            return if blocked { Some((opened.path()?, None)) } else { None };
        }
        let path = missing(root, path, follows)?;
        let outside = match purpose {
            Purpose::Create | Purpose::Make | Purpose::Replace => {
                let parent = path.parent()?;
                match Opened::below(root, parent, true) {
                    Some(parent) if self.mounts && !parent.is_read_only() => return None,
                    Some(_) => None,
                    None => Some(parent.to_owned()),
                }
            }
            _ => Some(path.clone()),
        };
        Some((path, outside))
    }

    /// Whether what is there stays as it is.
    fn keeps(&self, opened: &Opened, purpose: Purpose) -> bool {
        match purpose {
            // The kernel minds that it is there already, or does not mind at all.
            Purpose::Make | Purpose::Look | Purpose::Connect => false,
            // Mounts keep them, and nothing else does.
            Purpose::Attributes => opened.is_read_only(),
            Purpose::Write | Purpose::Create => !self.mounts || opened.is_read_only(),
            Purpose::Remove | Purpose::Replace => !self.mounts || opened.there.mounted || opened.is_read_only(),
            Purpose::Read | Purpose::Execute => !self.mounts,
        }
    }
}

/// Where a relative path of a thread begins.
fn base(thread: Pid, descriptor: Option<i32>) -> Option<PathBuf> {
    descriptor.map_or_else(|| current_directory(thread), |descriptor| directory(thread, descriptor))
}
