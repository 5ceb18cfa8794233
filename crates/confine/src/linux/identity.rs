//! Who the command is: the map of user and group ids.

use std::io;

use pinfold_plan::Identity;

use super::error::{ConfineError, Context};

/// Maps the caller's ids to themselves. Called inside, by the process that the user namespace was made with.
pub(super) fn map_self(identity: &Identity) -> Result<(), ConfineError> {
    let Identity::Caller { uid, gid } = identity else { return Ok(()) };
    write_once("/proc/self/setgroups", "deny").step("forbid setgroups(2)")?;
    write_once("/proc/self/uid_map", &format!("{uid} {uid} 1")).step("map the user id")?;
    write_once("/proc/self/gid_map", &format!("{gid} {gid} 1")).step("map the group id")
}

/// Kernel files want the whole value in one write.
pub(super) fn write_once(path: &str, value: &str) -> io::Result<()> {
    use std::io::Write;
    std::fs::OpenOptions::new().write(true).open(path)?.write_all(value.as_bytes())
}
