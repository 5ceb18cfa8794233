//! What is not there, learned from the names in directories.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Components, Path, PathBuf};

/// So many names in one directory are worth a look.
const MOST_NAMES: usize = 1000;

/// The names below some directories, each directory read once and only when asked about. Most of the tools and secrets
/// that a policy knows of are not on this machine, and one look is cheaper than one for each.
pub(super) struct Listings<'a>(Vec<(&'a Path, Listing)>);

/// The names in one directory, and what is known of the directories in it.
#[derive(Default)]
struct Listing {
    names: OnceCell<Option<Vec<Vec<u8>>>>,
    below: RefCell<BTreeMap<OsString, Listing>>,
}

impl<'a> Listings<'a> {
    /// Nothing is read yet.
    pub(super) fn below(directories: impl IntoIterator<Item = &'a Path>) -> Self {
        Self(directories.into_iter().map(|directory| (directory, Listing::default())).collect())
    }

    /// Whether there may be something at a path: elsewhere there always may.
    pub(super) fn may_hold(&self, path: &Path) -> bool {
        self.0.iter().all(|(directory, listing)| match path.strip_prefix(directory) {
            Ok(below) => listing.may_hold(&mut directory.to_path_buf(), below.components()),
            Err(_) => true,
        })
    }
}

impl Listing {
    fn may_hold(&self, directory: &mut PathBuf, mut below: Components<'_>) -> bool {
        let Some(Component::Normal(first)) = below.next() else { return true };
        let names = self.names.get_or_init(|| read(directory));
        let listed = names.as_ref().is_none_or(|names| names.binary_search(&plain(first)).is_ok());
        if !listed || below.as_path().as_os_str().is_empty() {
            return listed;
        }
        directory.push(first);
        self.below.borrow_mut().entry(first.to_owned()).or_default().may_hold(directory, below)
    }
}

/// The names in a directory, sorted; nothing when they are too many or cannot be read.
fn read(directory: &Path) -> Option<Vec<Vec<u8>>> {
    let entries = std::fs::read_dir(directory).ok()?;
    let names = entries.take(MOST_NAMES + 1).map(|entry| Ok(plain(&entry?.file_name())));
    let mut names = names.collect::<std::io::Result<Vec<_>>>().ok()?;
    names.sort_unstable();
    (names.len() <= MOST_NAMES).then_some(names)
}

/// A name without the difference of large and small letters, which not every directory makes.
fn plain(name: &OsStr) -> Vec<u8> {
    name.as_bytes().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_denied() {
        let home = std::env::temp_dir().join(format!("pinfold-listings-{}", std::process::id()));
        std::fs::create_dir_all(home.join(".config/gh")).unwrap();
        std::fs::write(home.join(".config/gh/hosts.yml"), "").unwrap();
        std::os::unix::fs::symlink(".config", home.join("settings")).unwrap();
        let listings = Listings::below([home.as_path()]);
        for there in ["", ".config", ".config/gh/hosts.yml", "settings/gh/hosts.yml", ".Config/gh", "../anything"] {
            assert!(listings.may_hold(&home.join(there)), "{there}");
        }
        for missing in [".ssh", ".config/hub", ".config/gh/other", "settings/op", ".ssh/id"] {
            assert!(!listings.may_hold(&home.join(missing)), "{missing}");
        }
        assert!(listings.may_hold(Path::new("/elsewhere/x")));
        std::fs::remove_dir_all(home).unwrap();
    }
}
