//! The sandbox's own network namespace.

use pinfold_plan::Network;
use rustix::net::{AddressFamily, SocketType, socket};

use super::error::{ConfineError, Context};
use super::sys;

/// Goes into a new network namespace with nothing in it but a loopback interface, which is brought up when asked.
pub(super) fn enter(network: Network) -> Result<(), ConfineError> {
    if network == Network::Host {
        return Ok(());
    }
    sys::unshare_network().step("make the network namespace")?;
    if network == Network::Loopback {
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).step("make a socket")?;
        sys::loopback_up(&socket).step("bring the loopback interface up")?;
    }
    Ok(())
}
