//! The gate's own process.

use std::io;
use std::os::fd::AsFd;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

use crate::link::{self, Link, LinkError, Start};
use crate::sockets::Sockets;

/// Before it knows a secret: whoever would read its memory, by a core dump or as a tracer, does not, and a program that
/// a flaw made it start would be no more than it is.
pub(crate) fn keep_to_itself() -> io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(set_no_new_privs(true)?)
}

/// As many descriptors as there may be: each connection needs two, and a shell's limit is often 1024.
pub(crate) fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With fewer, connections wait until others end.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Takes the link, which is the standard input, and the first message with its sockets.
pub(crate) fn begin() -> Result<(Start, Sockets, Link), LinkError> {
    let link = io::stdin().as_fd().try_clone_to_owned().map_err(LinkError::Receive)?;
    let (start, descriptors) = link::receive_start(link.as_fd())?;
    let sockets = Sockets::sort(&start.sockets, descriptors)?;
    Ok((start, sockets, link.into()))
}
