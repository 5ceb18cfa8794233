//! What a run is given while it goes on: places of the host that are shown in its root, taken back again, and notes.
//!
//! The supervisor keeps the run's namespaces open from the moment they are made, because its first process becomes
//! unreadable. A helper ([`ARGUMENT`]) for each thing to do, this program once more, is in nobody's way: it enters the user
//! namespace, shows the place in a mount namespace and a root of its own, just as a run's first process would with all that
//! is sealed and hidden there, and only then carries the whole over. So nothing inside ever sees a place half protected.

mod helper;
mod message;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use pinfold_plan::{Identity, Plan};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::Pid;

use self::message::{Done, Order};
use super::error::{ConfineError, Context};
use super::frames;
use super::part::part;
use crate::letters::letters;

pub use self::helper::main;

/// The first argument of a helper.
pub const ARGUMENT: &str = "__give";

/// How long a helper may take: a place on a disk that does not answer must not stop the supervisor for good.
const PATIENCE: Duration = Duration::from_secs(5);

/// The namespaces of a run, by which it can be given something.
#[derive(Debug)]
pub struct Namespaces {
    user: OwnedFd,
    mount: OwnedFd,
}

/// A place that a run was given.
#[derive(Debug)]
pub struct Shown {
    /// The topmost mount of it, wherever the run has moved the directory around it.
    tree: OwnedFd,
}

impl Namespaces {
    /// Those of a process that can still be read.
    pub(super) fn of(pid: Pid) -> rustix::io::Result<Self> {
        let open = |which: &str| {
            let path = format!("/proc/{}/ns/{which}", pid.as_raw_nonzero());
            rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        };
        Ok(Self { user: open("user")?, mount: open("mnt")? })
    }

    /// Shows a place: `plan` is for a run that had it from the beginning, of which the steps at and below `at` count.
    ///
    /// # Errors
    /// When a step fails, or nobody says that the last one is done. Then nothing of it is shown.
    pub fn show(&self, plan: &Plan, at: &Path) -> Result<Shown, ConfineError> {
        let mut confining = plan.confining();
        confining.mounts.retain(|mount| mount.at().starts_with(at));
        let letters_of_it = confining.with_paths(|path| letters(path).into());
        let helper = self.helper(&Order::Show { plan: Box::new(letters_of_it), at: letters(at) }, None)?;
        let (_, tree) = helper.hear()?;
        let shown = Shown { tree: tree.ok_or(Errno::BADMSG).step_at("show", at)? };
        match helper.hear() {
            Ok(_) => Ok(shown),
            Err(error) => {
                // It may be there all the same, but not later any more.
                drop(helper);
                self.take_back(plan.identity, &shown)?;
                Err(error)
            }
        }
    }

    /// Takes a place back. True where some program still has a file open there for writing, which stays open until that
    /// program closes it. Whoever is in a directory there stays in it, and can open nothing there as far as Landlock goes; what
    /// was sealed and hidden there stays so. One that has gone already, with the directory that it lay on, is taken back.
    ///
    /// # Errors
    /// When the place cannot be taken away.
    pub fn take_back(&self, identity: Identity, shown: &Shown) -> Result<bool, ConfineError> {
        match self.helper(&Order::TakeBack { identity }, Some(shown.tree.as_fd()))?.hear() {
            Err(error) if error.source.raw_os_error() == Some(libc::EINVAL) => Ok(true),
            taken => taken.map(|(written, _)| written),
        }
    }

    /// Puts a file with this text, of this run's own, at a path in memory inside, in place of the one that is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&self, identity: Identity, at: &Path, text: &str) -> Result<(), ConfineError> {
        self.helper(&Order::Note { at: letters(at), text: text.to_owned(), identity }, None)?.hear().map(drop)
    }

    /// Begins to do something.
    fn helper(&self, order: &Order, with: Option<BorrowedFd<'_>>) -> Result<Helper, ConfineError> {
        self.start(order, with).step(STEP)
    }

    fn start(&self, order: &Order, with: Option<BorrowedFd<'_>>) -> io::Result<Helper> {
        let (link, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let helper = Helper { process: part(ARGUMENT, theirs)?.spawn()?, link };
        let descriptors: Vec<_> = [self.user.as_fd(), self.mount.as_fd()].into_iter().chain(with).collect();
        frames::send(&helper.link, &serde_json::to_vec(order)?, &descriptors)?;
        Ok(helper)
    }
}

/// What a helper does, as far as anybody else is concerned.
const STEP: &str = "change the sandbox while it runs";

/// A helper that does something. Dropped, it is ended.
struct Helper {
    process: Child,
    link: OwnedFd,
}

impl Helper {
    /// What it says next, if it says something in time, and the descriptor that comes with it.
    fn hear(&self) -> Result<(bool, Option<OwnedFd>), ConfineError> {
        let (text, mut descriptors) = self.next().step(STEP)?.ok_or(Errno::CONNRESET).step(STEP)?;
        match serde_json::from_slice(&text).map_err(io::Error::other).step(STEP)? {
            Done::Done { written } => Ok((written, descriptors.pop_front())),
            Done::Failed { step, path, errno } => {
                let path = path.map(|path| crate::letters::bytes(path).into());
                Err(ConfineError { step, path, source: io::Error::from_raw_os_error(errno) })
            }
        }
    }

    fn next(&self) -> io::Result<Option<message::Heard>> {
        let patience = Timespec::try_from(PATIENCE).ok();
        match poll(&mut [PollFd::new(&self.link, PollFlags::IN)], patience.as_ref())? {
            0 => Err(Errno::TIMEDOUT.into()),
            _ => frames::receive(&self.link),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
