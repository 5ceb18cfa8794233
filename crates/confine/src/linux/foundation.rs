//! The supervisor's side of a start: namespaces with a first process in them, then the plan for it, then the word to go.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use pinfold_plan::{Backend, Identity, Mount, Network, Plan};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair,
};

use super::brief;
use super::capture::Sockets;
use super::error::{ConfineError, Context};
use super::given::Namespaces;
use super::identity::map_shadow;
use super::init;
use super::sys::{self, Fork, SingleThreaded};
use super::trees::Trees;
use crate::launch::{Child, Launch};
use crate::link::{MAX_DESCRIPTORS, MAX_MESSAGE_BYTES, Order, Report};

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
    /// Whether the host's loopback shows ports of the run.
    pub publishes: bool,
}

/// New namespaces, and in them a process that waits for the plan. The kernel takes about as long to make them as we
/// take to look around and to plan, so both happen at the same time. Dropped, it is gone.
#[derive(Debug)]
pub struct Foundation {
    ground: Ground,
    child: Child,
    sockets: Option<Sockets>,
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
            Fork::Parent { pid, pidfd } => {
                let own = ground.backend == Backend::LinuxNamespaces;
                // Not later: the first process becomes unreadable.
                let namespaces = own.then(|| Namespaces::of(pid).ok()).flatten();
                Ok(Self { ground, child: Child { pid, pidfd, link, namespaces }, sockets: None })
            }
        }
    }

    /// Whether connections of the run are redirected to its gate. The first process tries that before all else; this
    /// waits for what came of it.
    pub fn redirects(&mut self) -> Result<bool, ConfineError> {
        self.hear_of_sockets()?;
        Ok(self.sockets.as_ref().is_some_and(|sockets| sockets.tcp4.is_some()))
    }

    /// The gate's sockets, if the network leads to one.
    pub fn take_sockets(&mut self) -> Result<Option<Sockets>, ConfineError> {
        self.hear_of_sockets()?;
        Ok(self.sockets.take())
    }

    fn hear_of_sockets(&mut self) -> Result<(), ConfineError> {
        let Network::Gate(gate) = &mut self.ground.network else { return Ok(()) };
        if self.sockets.is_none() {
            let sockets = receive_sockets(&self.child.link, self.ground.publishes)?;
            gate.transparent = sockets.tcp4.is_some();
            self.sockets = Some(sockets);
        }
        Ok(())
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

/// Waits for the sockets that were made inside, or for the reason why there are none.
fn receive_sockets(link: &OwnedFd, with_dialler: bool) -> Result<Sockets, ConfineError> {
    let step = "prepare the way to the gate";
    match hear(link, RecvFlags::empty()).step(step)? {
        Some((Report::Failed { step, path, errno }, _)) => {
            Err(ConfineError { step, path, source: io::Error::from_raw_os_error(errno) })
        }
        Some((Report::Sockets, descriptors)) => {
            Sockets::from_descriptors(with_dialler, descriptors).ok_or(Errno::BADMSG).step(step)
        }
        _ => Err(Errno::BADMSG).step(step),
    }
}

/// What the first process says next, with the descriptors that come along. `None`: there is none any more.
fn hear(link: &OwnedFd, flags: RecvFlags) -> io::Result<Option<(Report, Vec<OwnedFd>)>> {
    let mut bytes = [0; MAX_MESSAGE_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(link, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let report = Report::decode(&bytes[..received.bytes]).map_err(io::Error::other)?;
    let descriptors = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    Ok(Some((report, descriptors.collect())))
}

impl Child {
    /// Lets the command start.
    pub fn go(&self) {
        // Without a first process there is nobody to tell.
        let _ = rustix::net::send(&self.link, &Order::Continue.encode(), SendFlags::NOSIGNAL);
    }

    /// What the first process has said, with the descriptors that came along, without waiting for it. `None`: there is
    /// none any more.
    pub fn hear(&self) -> io::Result<Option<(Report, Vec<OwnedFd>)>> {
        hear(&self.link, RecvFlags::DONTWAIT)
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
