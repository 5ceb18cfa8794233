//! Where no process is found.

use std::convert::Infallible;
use std::net::SocketAddr;

use crate::link::Process;

/// There is nobody who knows.
pub(super) struct Owners(Infallible);

impl Owners {
    pub(super) fn new(_init_pid: Option<u32>) -> Option<Self> {
        None
    }

    pub(super) fn find(&mut self, _clients: &[SocketAddr]) -> Vec<Option<Process>> {
        match self.0 {}
    }
}
