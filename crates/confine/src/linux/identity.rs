//! Who the command is: the maps of user and group ids.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use pinfold_plan::{Identity, Owner};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions};

use super::error::{ConfineError, Context};
use super::sys::{self, Copied, Fork, SingleThreaded};

/// Inside: maps the caller's ids to themselves, or becomes the shadow that the supervisor has mapped.
pub(super) fn assume(copied: &Copied, identity: &Identity) -> Result<(), ConfineError> {
    match identity {
        Identity::Caller { uid, gid } => {
            write_once("/proc/self/setgroups", "deny").step("forbid setgroups(2)")?;
            write_once("/proc/self/uid_map", &format!("{uid} {uid} 1")).step("map the user id")?;
            write_once("/proc/self/gid_map", &format!("{gid} {gid} 1")).step("map the group id")
        }
        Identity::Shadow { .. } => {
            sys::become_root_of_the_namespace(&copied.single()).step("become the shadow of root")
        }
    }
}

/// Outside: maps uid and gid 0 in the user namespace of `pid` to the shadow. Does nothing for an ordinary caller.
pub(super) fn map_shadow(pid: Pid, identity: &Identity) -> Result<(), ConfineError> {
    let Identity::Shadow { uid, .. } = identity else { return Ok(()) };
    map(pid, Owner { uid: 0, gid: 0 }, *uid).step("map the ids of the sandbox")
}

/// One id inside to one outside, for users and groups.
fn map(pid: Pid, inside: Owner, outside: u32) -> io::Result<()> {
    let pid = pid.as_raw_nonzero();
    write_once(&format!("/proc/{pid}/uid_map"), &format!("{} {outside} 1", inside.uid))?;
    write_once(&format!("/proc/{pid}/gid_map"), &format!("{} {outside} 1", inside.gid))
}

/// User namespaces that say whose files appear as the shadow's.
pub(super) struct IdMaps {
    shadow: Option<u32>,
    made: BTreeMap<Owner, OwnedFd>,
}

impl IdMaps {
    pub(super) fn new(identity: &Identity) -> Self {
        let shadow = if let Identity::Shadow { uid, .. } = identity { Some(*uid) } else { None };
        Self { shadow, made: BTreeMap::new() }
    }

    /// The namespace in which the owner's ids on disk are the shadow's.
    pub(super) fn get(&mut self, owner: Owner) -> Result<BorrowedFd<'_>, ConfineError> {
        let step = "make an id map";
        if !self.made.contains_key(&owner) {
            let shadow = self.shadow.ok_or(io::ErrorKind::InvalidInput).map_err(io::Error::from).step(step)?;
            self.made.insert(owner, user_namespace(owner, shadow).step(step)?);
        }
        self.made.get(&owner).map(|map| map.as_fd()).ok_or(io::ErrorKind::NotFound).map_err(io::Error::from).step(step)
    }
}

/// A user namespace with one id mapped. It needs a process only to be made.
fn user_namespace(owner: Owner, shadow: u32) -> io::Result<OwnedFd> {
    let single = SingleThreaded::check()?;
    let Fork::Parent { pid, pidfd } = sys::fork_into(single, libc::CLONE_NEWUSER as u64)? else {
        sys::wait_to_be_killed()
    };
    let made = map(pid, owner, shadow).and_then(|()| {
        let path = format!("/proc/{}/ns/user", pid.as_raw_nonzero());
        Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    });
    rustix::process::pidfd_send_signal(&pidfd, Signal::KILL)?;
    rustix::process::waitpid(Some(pid), WaitOptions::empty())?;
    made
}

/// Kernel files want the whole value in one write.
pub(super) fn write_once(path: &str, value: &str) -> io::Result<()> {
    use std::io::Write;
    std::fs::OpenOptions::new().write(true).open(path)?.write_all(value.as_bytes())
}
