//! Makes the network of a run lead to the gate: every address is the sandbox's own, all TCP goes to one socket, and
//! the sockets that are made for it inside are handed out.
//!
//! Nothing here keeps anything in: a namespace without a way out does. What is set up here decides only how programs
//! are served, so that whoever undid it would be left with a loopback.

pub(super) mod dialler;
mod listeners;
mod netlink;
mod redirect;
mod routes;

use pinfold_plan::Gate;

pub use self::listeners::Sockets;
use super::error::ConfineError;

/// Whether all this works in the network namespace of this process. It is of no use for anything else afterwards.
pub(super) fn try_redirect() -> Result<(), ConfineError> {
    redirect::tcp_to_gate()
}

/// Prepares the network namespace of this process, whose loopback is up, and makes the gate's sockets in it. Where
/// connections cannot be redirected there is no socket for them: the plan, which comes later, says what that means.
pub(super) fn set_up(gate: Gate) -> Result<Sockets, ConfineError> {
    let has_ipv6 = routes::all_to_loopback()?;
    let transparent = gate.transparent && redirect::tcp_to_gate().is_ok();
    listeners::make(transparent, has_ipv6)
}
