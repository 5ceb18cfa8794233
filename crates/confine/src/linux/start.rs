//! The supervisor's side of a start: new namespaces and the first process in them.

use pinfold_plan::{Backend, Plan};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};

use super::error::{ConfineError, Context};
use super::identity::map_shadow;
use super::init;
use super::sys::{self, Fork, SingleThreaded};
use super::trees::Trees;
use crate::launch::{Child, Launch};
use crate::link::Order;

/// Starts the first process of a run, which confines itself and then starts the command.
pub fn start(launch: &Launch<'_>) -> Result<Child, ConfineError> {
    let single = SingleThreaded::check().step("start from a process that has one thread only")?;
    let (link, inside) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .step("make a socket pair")?;
    let trees = Trees::detach_mapped(launch.plan, single)?;
    let plan = launch.plan;
    match sys::fork_into(single, namespaces(plan)).step("make the namespaces")? {
        Fork::Child(copied) => init::main(copied, launch, &trees, inside),
        Fork::Parent { pid, pidfd } => {
            drop(inside);
            map_shadow(pid, &plan.identity)?;
            // The first process waits for this.
            rustix::net::send(&link, &Order::Continue.encode(), SendFlags::NOSIGNAL).step("start the first process")?;
            Ok(Child { pid, pidfd, link })
        }
    }
}

/// The `CLONE_NEW*` flags of a plan. The network namespace comes later (`network.rs`).
fn namespaces(plan: &Plan) -> u64 {
    if plan.backend != Backend::LinuxNamespaces {
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
