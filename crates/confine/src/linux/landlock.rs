//! Landlock: the same paths as the mounts, kept a second time by another part of the kernel.
//!
//! Interface: <https://docs.kernel.org/userspace-api/landlock.html>.

use std::os::fd::AsFd;

use pinfold_plan::{Landlock, Network};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::error::{ConfineError, Context};
use super::sys::{self, LandlockRuleset};

/// `LANDLOCK_ACCESS_FS_*`, by the first ABI that knows each.
mod files {
    use pinfold_plan::LandlockAccess;

    pub(super) const EXECUTE: u64 = 1 << 0;
    pub(super) const WRITE_FILE: u64 = 1 << 1;
    pub(super) const READ_FILE: u64 = 1 << 2;
    pub(super) const READ_DIR: u64 = 1 << 3;
    pub(super) const REMOVE_DIR: u64 = 1 << 4;
    pub(super) const REMOVE_FILE: u64 = 1 << 5;
    pub(super) const MAKE_CHAR: u64 = 1 << 6;
    pub(super) const MAKE_DIR: u64 = 1 << 7;
    pub(super) const MAKE_REG: u64 = 1 << 8;
    pub(super) const MAKE_SOCK: u64 = 1 << 9;
    pub(super) const MAKE_FIFO: u64 = 1 << 10;
    pub(super) const MAKE_BLOCK: u64 = 1 << 11;
    pub(super) const MAKE_SYM: u64 = 1 << 12;
    pub(super) const REFER: u64 = 1 << 13; // 2
    pub(super) const TRUNCATE: u64 = 1 << 14; // 3
    pub(super) const IOCTL_DEV: u64 = 1 << 15; // 5

    pub(super) const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
    /// Devices are not made by anybody.
    pub(super) const WRITE: u64 = WRITE_FILE
        | REMOVE_DIR
        | REMOVE_FILE
        | MAKE_DIR
        | MAKE_REG
        | MAKE_SOCK
        | MAKE_FIFO
        | MAKE_SYM
        | REFER
        | TRUNCATE
        | IOCTL_DEV;
    /// What makes sense on something that is not a directory.
    pub(super) const ON_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

    /// What a rule of the plan means.
    pub(super) fn of(access: LandlockAccess) -> u64 {
        match access {
            LandlockAccess::List => READ_DIR,
            LandlockAccess::Read => READ,
            LandlockAccess::Use => READ | WRITE_FILE | TRUNCATE | IOCTL_DEV,
            LandlockAccess::Write => READ | WRITE,
        }
    }

    /// Everything that `abi` can refuse.
    pub(super) fn known(abi: u32) -> u64 {
        let mut known = EXECUTE | READ_FILE | READ_DIR | WRITE_FILE | REMOVE_DIR | REMOVE_FILE;
        known |= MAKE_CHAR | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | MAKE_SYM;
        known |= if abi >= 2 { REFER } else { 0 };
        known |= if abi >= 3 { TRUNCATE } else { 0 };
        known | if abi >= 5 { IOCTL_DEV } else { 0 }
    }
}

const NETWORK_TCP: u64 = 0b11; // 4: bind and connect
const SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS: u64 = 0b11; // 6

/// Restricts this process and all that it will start. Needs `no_new_privs`.
pub(super) fn restrict(landlock: &Landlock, network: Network) -> Result<(), ConfineError> {
    if landlock.abi == 0 {
        return Ok(());
    }
    let abi = landlock.abi;
    let handled = LandlockRuleset {
        handled_files: files::known(abi),
        handled_network: if abi >= 4 && network == Network::None { NETWORK_TCP } else { 0 },
        scoped: if abi >= 6 { SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS } else { 0 },
    };
    let ruleset = sys::landlock_create_ruleset(&handled, known_size(abi)).step("make the Landlock ruleset")?;
    for rule in &landlock.rules {
        let step = "allow by Landlock";
        let path = match rustix::fs::openat(CWD, &rule.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => continue,
            other => other.step_at(step, &rule.path)?,
        };
        let mut access = files::of(rule.access);
        let stat = rustix::fs::fstat(&path).step_at(step, &rule.path)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            access &= files::ON_FILES;
        }
        sys::landlock_add_path(ruleset.as_fd(), path.as_fd(), access & handled.handled_files)
            .step_at(step, &rule.path)?;
    }
    sys::landlock_restrict_self(ruleset.as_fd()).step("restrict by Landlock")
}

/// How many bytes of the ruleset structure an interface version knows.
fn known_size(abi: u32) -> usize {
    match abi {
        0..=3 => 8,
        4..=5 => 16,
        _ => 24,
    }
}
