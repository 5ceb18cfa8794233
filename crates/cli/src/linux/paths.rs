//! Where things are, and what the kernel says of a path beside the policy.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pinfold_policy::{Access, Platform};
use rustix::fs::OFlags;

use crate::args::PolicyFlags;
use crate::context::Variable;

/// Not to wait for the other end of a pipe (open(2)).
const O_NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;

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

/// Puts a new file in the place of one, which is there as a whole or not at all. Nothing that stands under either name is opened,
/// whether a link or a pipe that nobody reads.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("new");
    let _ = std::fs::remove_file(&partial);
    OpenOptions::new().write(true).create_new(true).open(&partial)?.write_all(content)?;
    std::fs::rename(&partial, path)
}

/// Opens a file to read, and nothing that could be waited for, such as a pipe in its place.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no ordinary file")) }
}

/// Holds a directory, for as long as the file lives, against whoever asks the same; nothing when somebody has it.
pub(crate) fn try_lock(directory: &Path) -> io::Result<Option<File>> {
    let lock = File::open(directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A path without links.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Whether a path is in a directory, or anything is by which it is found: a link in it could be made to lead elsewhere.
pub(crate) fn is_in(path: &Path, directory: &Path) -> bool {
    let passed = way(path);
    way(directory).last().is_some_and(|directory| passed.iter().any(|passed| passed.starts_with(directory)))
}

/// The links that lead to where an absolute path really is, and that. It is a link itself where there are too many.
pub(crate) fn way(path: &Path) -> Vec<PathBuf> {
    let backwards = |path: &Path| path.iter().rev().map(OsStr::to_owned).collect::<Vec<_>>();
    let (mut passed, mut here, mut ahead) = (Vec::new(), PathBuf::from("/"), backwards(path));
    while let Some(name) = ahead.pop() {
        if name == ".." {
            here.pop();
            continue;
        }
        // From the root an absolute name starts anew.
        let next = here.join(&name);
        match std::fs::read_link(&next) {
            Ok(target) if passed.len() < LINKS_MAX => {
                ahead.extend(backwards(&target));
                passed.push(next);
            }
            _ => here = next,
        }
    }
    passed.push(here);
    passed
}

/// How many links the kernel follows (path_resolution(7)).
const LINKS_MAX: usize = 40;

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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_a_link_leads_to_is_there_and_so_is_the_link() {
        let root = std::env::temp_dir().join(format!("pinfold-paths-{}", std::process::id()));
        let root = std::fs::create_dir_all(&root).and_then(|()| real(&root)).unwrap();
        for directory in ["data/state", "links", "home"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        symlink(root.join("data"), root.join("links/first")).unwrap();
        symlink("../links/first/state", root.join("home/state")).unwrap();
        let state = root.join("home/state/pinfold/not there yet");
        let within = |directory: &str| is_in(&state, &root.join(directory));
        for directory in ["home", "links", "data", "data/state", "home/state/pinfold", ""] {
            assert!(within(directory), "{directory}");
        }
        for directory in ["data/state/other", "elsewhere", "hom"] {
            assert!(!within(directory), "{directory}");
        }
        assert!(is_in(Path::new("/usr/../etc"), Path::new("/etc")));
        // One that leads to itself has an end.
        symlink("round", root.join("round")).unwrap();
        assert!(is_in(&root.join("round"), &root));
        std::fs::remove_dir_all(root).unwrap();
    }
}
