//! Where things are, and what the kernel says of a path beside the policy.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pinfold_policy::{Access, Platform};

use crate::args::PolicyFlags;
use crate::context::Variable;

/// What policies are resolved for.
pub(crate) const PLATFORM: Platform = Platform::Linux;
/// The administrator's policy.
pub(crate) const MANAGED_POLICY: &str = "/etc/pinfold/policy.toml";
/// The variable that names the home.
pub(crate) const HOME: &str = "HOME";
/// Where what lasts between runs is.
pub(crate) const STATE: Variable = Variable { name: "XDG_STATE_HOME", otherwise: ".local/state" };
/// Where the user's settings are.
pub(crate) const CONFIGURATION: Variable = Variable { name: "XDG_CONFIG_HOME", otherwise: ".config" };

/// Makes a new file that nobody else reads.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A path without links.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Whether only administrators could have put a file where they keep theirs: `/etc` is root's.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be looked up")]
pub(crate) fn is_administrators(_path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Whether a file can be masked, or why not.
pub(crate) fn masked(path: &Path) -> Result<(), String> {
    pinfold_confine::linux::probe::masked(path).map(|_| ()).map_err(|why| why.to_string())
}

/// What stands in the way though the policy does not.
pub(crate) fn in_the_way(access: Access, path: &Path, _: &PolicyFlags) -> Option<Cow<'static, str>> {
    let wanted = match access {
        Access::Read => rustix::fs::Access::READ_OK,
        Access::Write => rustix::fs::Access::WRITE_OK,
        Access::Exec => rustix::fs::Access::EXEC_OK,
    };
    rustix::fs::access(path, wanted).is_err().then_some("the file's own permissions refuse it".into())
}
