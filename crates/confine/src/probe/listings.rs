//! What is not there, learned from the names in directories.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use rustix::fs::{Mode, OFlags, RawDir};

/// So many names in one directory are worth a look.
const MOST_NAMES: usize = 1000;

/// The names below some directories, each directory read once and only when asked about. Most of the tools and secrets
/// that a policy knows of are not on this machine, and one look is cheaper than one for each.
pub(super) struct Listings<'a>(Vec<(&'a [u8], Listing)>);

/// The names in one directory, and what is known of the directories in it.
#[derive(Default)]
struct Listing {
    names: OnceCell<Option<Vec<Vec<u8>>>>,
    below: RefCell<BTreeMap<Vec<u8>, Rc<Listing>>>,
}

impl<'a> Listings<'a> {
    /// Nothing is read yet.
    pub(super) fn below(directories: impl IntoIterator<Item = &'a Path>) -> Self {
        let listing = |directory: &'a Path| (directory.as_os_str().as_bytes(), Listing::default());
        Self(directories.into_iter().map(listing).collect())
    }

    /// Whether there may be something at a path: elsewhere there always may.
    pub(super) fn may_hold(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        let around = self.0.iter().filter(|(directory, _)| path.starts_with(directory));
        let nearest = around.max_by_key(|(directory, _)| directory.len());
        nearest.is_none_or(|(directory, listing)| listing.may_hold(path, directory.len()))
    }
}

impl Listing {
    /// `length` of the path are this directory.
    fn may_hold(&self, path: &[u8], length: usize) -> bool {
        let (directory, below) = path.split_at(length);
        let Some(below) = below.strip_prefix(b"/") else { return true };
        let name = below.split(|byte| *byte == b'/').next().unwrap_or_default();
        if matches!(name, b"" | b"." | b"..") {
            return true;
        }
        let names = self.names.get_or_init(|| read(Path::new(OsStr::from_bytes(directory))));
        let same = |listed: &Vec<u8>| listed.iter().copied().cmp(name.iter().map(u8::to_ascii_lowercase));
        let listed = names.as_ref().is_none_or(|names| names.binary_search_by(same).is_ok());
        listed && (name.len() == below.len() || self.inside(name).may_hold(path, length + 1 + name.len()))
    }

    fn inside(&self, name: &[u8]) -> Rc<Self> {
        let mut below = self.below.borrow_mut();
        if let Some(known) = below.get(name) {
            return Rc::clone(known);
        }
        Rc::clone(below.entry(name.to_vec()).or_default())
    }
}

/// The names in a directory, sorted, without the difference of large and small letters, which not every directory makes.
/// Nothing when they are too many or cannot be read.
fn read(directory: &Path) -> Option<Vec<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(directory, flags, Mode::empty()).ok()?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(directory, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        names.push(entry.ok()?.file_name().to_bytes().to_ascii_lowercase());
        if names.len() > MOST_NAMES {
            return None;
        }
    }
    names.sort_unstable();
    Some(names)
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
