//! The sandbox's own network namespace.
//!
//! The kernel takes about as long to make one as the whole root takes, so that a thread makes it meanwhile.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;

use pinfold_plan::{Backend, Network, Plan};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::capture::{self, Sockets};
use super::error::{ConfineError, Context};
use super::sys::{self, Copied};

/// The namespace, and the sockets in it that the gate serves, if one does.
type Made = (OwnedFd, Option<Sockets>);

/// A network namespace that is being made, or nothing where the run uses the host's.
pub(super) struct OwnNetwork<'c> {
    making: Option<JoinHandle<Result<Made, ConfineError>>>,
    /// This process ends with one thread, as it began.
    _copied: &'c mut Copied,
}

impl<'c> OwnNetwork<'c> {
    /// Begins. The thread has the capabilities that this one has now.
    pub(super) fn begin(copied: &'c mut Copied, plan: &Plan) -> Result<Self, ConfineError> {
        let wanted = plan.backend == Backend::LinuxNamespaces && plan.network != Network::Host;
        let network = plan.network;
        let thread = || std::thread::Builder::new().stack_size(64 << 10).spawn(move || make(network));
        let making = wanted.then(thread).transpose().step("start a thread")?;
        Ok(Self { making, _copied: copied })
    }

    /// Waits for the namespace and enters it. Gives the gate's sockets.
    pub(super) fn enter(self) -> Result<Option<Sockets>, ConfineError> {
        let Some(making) = self.making else { return Ok(None) };
        let step = "enter the network namespace";
        let (namespace, sockets) = making.join().map_err(|_| io::Error::other("its thread failed")).step(step)??;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).step(step)?;
        Ok(sockets)
    }
}

/// Makes a network namespace with nothing in it but a loopback interface, which is brought up when asked, and leads to
/// a gate if there is one.
fn make(network: Network) -> Result<Made, ConfineError> {
    sys::unshare_network().step("make the network namespace")?;
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).step("make a socket")?;
    if network != Network::None {
        sys::loopback_up(&socket).step("bring the loopback interface up")?;
    }
    let sockets = if let Network::Gate(gate) = network { Some(capture::set_up(gate)?) } else { None };
    Ok((sys::network_of(&socket).step("name the network namespace")?, sockets))
}
