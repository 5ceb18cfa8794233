//! The sandbox's own network namespace.

use pinfold_plan::Network;
use rustix::net::{AddressFamily, SocketType, socket};

use super::capture::{self, Sockets};
use super::error::{ConfineError, Context};
use super::sys;

/// Goes into a new network namespace with nothing in it but a loopback interface, which is brought up when asked, and
/// leads to a gate if there is one. Gives the gate's sockets.
pub(super) fn enter(network: Network) -> Result<Option<Sockets>, ConfineError> {
    if network == Network::Host {
        return Ok(None);
    }
    sys::unshare_network().step("make the network namespace")?;
    if network != Network::None {
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).step("make a socket")?;
        sys::loopback_up(&socket).step("bring the loopback interface up")?;
    }
    if let Network::Gate(gate) = network { capture::set_up(gate).map(Some) } else { Ok(None) }
}
