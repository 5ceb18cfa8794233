//! Git's settings that are sealed, and how it is seen that something inside wanted to change them.
//!
//! Git writes `config.lock` and renames it to `config`; where that fails, as it does over a seal, it removes the lock
//! (git's lockfile.h). So a lock that goes is a change that did not come about. Nobody has to believe what git says.

use std::ffi::{OsStr, OsString};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_plan::{Mount, Plan};
use rustix::fs::AtFlags;

/// Files of settings in a git directory.
const NAMES: [&str; 2] = ["config", "config.worktree"];

/// Git's commands that change settings by themselves. When one of them is all that is run, it would be over before
/// anybody looks.
const CHANGING: [&str; 9] =
    ["branch", "checkout", "config", "maintenance", "push", "remote", "sparse-checkout", "submodule", "switch"];

/// A sealed file of settings in a watched directory.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Its name.
    pub(crate) name: OsString,
    lock: OsString,
    given_up: bool,
}

/// The files of settings that a plan seals.
pub(crate) fn sealed(plan: &Plan) -> Vec<PathBuf> {
    let is_settings = |at: &Path| at.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known));
    let sealed = plan.mounts.iter().filter_map(|mount| if let Mount::Seal { at } = mount { Some(at) } else { None });
    sealed.filter(|at| is_settings(at)).cloned().collect()
}

/// Whether a command is git, and one of its commands that change settings.
pub(crate) fn may_change(command: &[OsString]) -> bool {
    let Some((program, arguments)) = command.split_first() else { return false };
    let changing = |argument: &OsString| CHANGING.iter().any(|word| argument == word);
    Path::new(program).file_name() == Some(OsStr::new("git")) && arguments.iter().any(changing)
}

impl Settings {
    /// Those of a directory that nobody is changing already.
    pub(crate) fn in_directory(directory: BorrowedFd<'_>, path: &Path, sealed: &[PathBuf]) -> Vec<Self> {
        let here = sealed.iter().filter(|settings| settings.parent() == Some(path)).filter_map(|path| path.file_name());
        let settings = here.map(|name| {
            let mut lock = name.to_owned();
            lock.push(".lock");
            Self { name: name.to_owned(), lock, given_up: false }
        });
        settings.filter(|settings| !settings.is_locked(directory)).collect()
    }

    /// Notes that a name is gone.
    pub(crate) fn gone(&mut self, name: &[u8]) {
        self.given_up |= self.lock.as_bytes() == name;
    }

    /// Whether a change was given up, or left half done.
    pub(crate) fn were_tried(&self, directory: BorrowedFd<'_>) -> bool {
        self.given_up || self.is_locked(directory)
    }

    fn is_locked(&self, directory: BorrowedFd<'_>) -> bool {
        rustix::fs::statat(directory, &self.lock, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }
}
