//! The supervisor's side of a start: namespaces with a first process in them, then the plan for it, then the word to go.

use std::io;

use pinfold_plan::{Backend, Identity, Mount, Network, Plan};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};

use super::brief;
use super::error::{ConfineError, Context};
use super::identity::map_shadow;
use super::init;
use super::sys::{self, Fork, SingleThreaded};
use super::trees::Trees;
use crate::launch::{Child, Launch};
use crate::link::Order;

/// What is known of a run before there is a plan for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// What will carry the plan out.
    pub backend: Backend,
    /// What the network will be.
    pub network: Network,
    /// Who the command will be, where that does not depend on the workspace.
    pub identity: Option<Identity>,
    /// Steps of the plan that depend on nothing but the policy, and that can come first.
    pub mounts: Vec<Mount>,
    /// Size of the private memory-backed file system, in bytes.
    pub temp_bytes: Option<u64>,
}

/// New namespaces, and in them a process that waits for the plan. The kernel takes about as long to make them as we
/// take to look around and to plan, so both happen at the same time. Dropped, it is gone.
#[derive(Debug)]
pub struct Foundation {
    ground: Ground,
    child: Child,
}

impl Foundation {
    /// Begins. To be called before this process has any other thread.
    pub fn lay(ground: Ground) -> Result<Self, ConfineError> {
        let single = SingleThreaded::check().step("start from a process that has one thread only")?;
        let (link, inside) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .step("make a socket pair")?;
        match sys::fork_into(single, namespaces(ground.backend)).step("make the namespaces")? {
            Fork::Child(copied) => {
                drop(link);
                init::main(&copied, &ground, inside)
            }
            Fork::Parent { pid, pidfd } => Ok(Self { ground, child: Child { pid, pidfd, link } }),
        }
    }

    /// Hands the plan over. The first process confines itself, and then waits for [`Child::go`].
    pub fn build(self, launch: &Launch<'_>) -> Result<Child, ConfineError> {
        self.refuse_another(launch.plan).step("build on what was prepared for another plan")?;
        let trees = Trees::detach_mapped(launch.plan)?;
        map_shadow(self.child.pid, &launch.plan.identity)?;
        // Should it be gone already, its last words say why, and those are heard later.
        brief::send(&self.child.link, launch, trees).step("hand the plan over")?;
        Ok(self.child)
    }

    fn refuse_another(&self, plan: &Plan) -> io::Result<()> {
        let Ground { backend, network, identity, temp_bytes, .. } = &self.ground;
        let same = (*backend, *network, *temp_bytes) == (plan.backend, plan.network, plan.limits.temp_bytes)
            && identity.is_none_or(|identity| identity == plan.identity);
        if same { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }
}

impl Child {
    /// Lets the command start.
    pub fn go(&self) {
        // Without a first process there is nobody to tell.
        let _ = rustix::net::send(&self.link, &Order::Continue.encode(), SendFlags::NOSIGNAL);
    }
}

/// The `CLONE_NEW*` flags. The first process makes its network namespace itself, when its supervisor can go on already.
fn namespaces(backend: Backend) -> u64 {
    if backend != Backend::LinuxNamespaces {
        return 0;
    }
    let all = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    all as u64
}
