//! A helper: the process that changes the root of a run which goes on.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;

use pinfold_plan::{Identity, Plan};
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::message::{Done, Order};
use crate::letters::{bytes, letters};
use crate::linux::error::{ConfineError, Context};
use crate::linux::frames;
use crate::linux::root::Root;
use crate::linux::sys::{self, SingleThreaded};
use crate::linux::trees::{READ_ONLY, Trees, restrict_all, restrict_one};

/// Lives the whole life of a helper, whose standard input is its link.
pub fn main() -> ExitCode {
    let Ok(Some((order, descriptors))) = frames::receive(rustix::stdio::stdin()) else { return ExitCode::FAILURE };
    let done = carry_out(&order, descriptors).map_or_else(
        |ConfineError { step, path, source }| {
            let errno = source.raw_os_error().unwrap_or(libc::EIO);
            Done::Failed { step, path: path.map(letters), errno }
        },
        |written| Done::Done { written },
    );
    if say(&done, None).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells the supervisor.
fn say(done: &Done, tree: Option<BorrowedFd<'_>>) -> io::Result<()> {
    frames::send(rustix::stdio::stdin(), &serde_json::to_vec(done)?, tree.as_slice())
}

/// The namespaces of the run.
struct Run {
    user: OwnedFd,
    mount: OwnedFd,
}

/// Gives whether something is still open for writing in what was taken back.
fn carry_out(order: &[u8], mut with: VecDeque<OwnedFd>) -> Result<bool, ConfineError> {
    let step = "hear what to do";
    let order = serde_json::from_slice(order).map_err(io::Error::other).step(step)?;
    let mut next = || with.pop_front().ok_or(Errno::BADF).step(step);
    let run = Run { user: next()?, mount: next()? };
    match order {
        Order::Show { plan, at } => {
            let plan = plan.with_paths(|path| bytes(path).into());
            run.show(&plan, Path::new(&bytes(at))).map(|()| false)
        }
        Order::TakeBack { identity } => run.take_back(next()?.as_fd(), &identity),
        Order::Note { at, text, identity } => run.note(&identity, Path::new(&bytes(at)), &text).map(|()| false),
    }
}

impl Run {
    fn show(&self, plan: &Plan, at: &Path) -> Result<(), ConfineError> {
        let mapped = Trees::detach_mapped(plan)?;
        self.become_one_of_it(&plan.identity)?;
        sys::unshare_mounts().step("make a mount namespace")?;
        let tree = Root::begin(plan.limits.temp_bytes, &[])?.view(plan, &mapped, at)?;
        self.enter_root()?;
        // Before it is there: whoever does not hear the rest can take it back.
        say(&Done::Done { written: false }, Some(tree.as_fd())).step("hand out what is made")?;
        Root::of_this_namespace()?.add(tree.as_fd(), at)
    }

    /// By descriptor: whoever may write around the place may have moved it. It is not unmounted, as whoever is in it then
    /// would see it without its seals and covers, but goes where no path leads and Landlock lets nothing be opened.
    ///
    /// What is open there for writing keeps the kernel from making it read-only, so that trying tells.
    fn take_back(&self, tree: BorrowedFd<'_>, identity: &Identity) -> Result<bool, ConfineError> {
        self.become_one_of_it(identity)?;
        self.enter_root()?;
        let written = restrict_all(tree, READ_ONLY).is_err();
        if written {
            // At least what is read-only when nothing is open: the topmost alone.
            let _ = restrict_one(tree, READ_ONLY);
        }
        Root::of_this_namespace()?.put_away(tree)?;
        Ok(written)
    }

    fn note(&self, identity: &Identity, at: &Path, text: &str) -> Result<(), ConfineError> {
        self.become_one_of_it(identity)?;
        self.enter_root()?;
        Root::of_this_namespace()?.note(at, text)
    }

    /// Takes on the identity of the run's first process, with every right over its namespaces.
    fn become_one_of_it(&self, identity: &Identity) -> Result<(), ConfineError> {
        self.join_user_namespace()?;
        if let Identity::Shadow { .. } = identity {
            let single = SingleThreaded::check().step("be the only thread")?;
            sys::become_root_of_the_namespace(&single).step("become the shadow of root")?;
        }
        Ok(())
    }

    fn join_user_namespace(&self) -> Result<(), ConfineError> {
        let user = Some(LinkNameSpaceType::User);
        move_into_link_name_space(self.user.as_fd(), user).step("join the user namespace of the run")
    }

    fn enter_root(&self) -> Result<(), ConfineError> {
        let mount = Some(LinkNameSpaceType::Mount);
        move_into_link_name_space(self.mount.as_fd(), mount).step("join the mount namespace of the run")
    }
}
