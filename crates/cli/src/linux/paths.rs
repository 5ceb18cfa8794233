//! What the kernel says of a path, beside the policy.

use std::path::Path;

use pinfold_policy::Access;

/// Whether a file can be masked, or why not.
pub(crate) fn masked(path: &Path) -> Result<(), String> {
    pinfold_confine::linux::probe::masked(path).map(|_| ()).map_err(|why| why.to_string())
}

/// What stands in the way though the policy does not.
pub(crate) fn in_the_way(access: Access, path: &Path) -> Option<&'static str> {
    let wanted = match access {
        Access::Read => rustix::fs::Access::READ_OK,
        Access::Write => rustix::fs::Access::WRITE_OK,
        Access::Exec => rustix::fs::Access::EXEC_OK,
    };
    rustix::fs::access(path, wanted).is_err().then_some("the file's own permissions refuse it")
}
