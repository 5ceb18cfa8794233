//! What a run leaves at the top of its own home, where its user does not look: he looks in his.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pinfold_plan::Plan;
use pinfold_policy::plain;

/// Most names that are kept.
const MOST_NAMES: usize = 100;

/// What there was before.
pub(crate) struct Leavings {
    home: PathBuf,
    before: BTreeSet<OsString>,
}

impl Leavings {
    /// Looks into the private home. What is shown of the host in it is nothing that the run leaves.
    pub(crate) fn before(plan: &Plan) -> Self {
        let shown = plan.mounts.iter().filter_map(|mount| mount.at().strip_prefix(&plan.home).ok()?.iter().next());
        let before = shown.map(OsString::from).chain(visible(&plan.private_home)).collect();
        Self { home: plan.private_home.clone(), before }
    }

    /// The new names.
    pub(crate) fn names(&self) -> Vec<String> {
        let new: BTreeSet<OsString> = visible(&self.home).filter(|name| !self.before.contains(name)).collect();
        new.iter().take(MOST_NAMES).map(|name| plain(&name.to_string_lossy())).collect()
    }
}

/// The names in a directory, but for those of tools.
fn visible(directory: &Path) -> impl Iterator<Item = OsString> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).filter(|name| !name.as_encoded_bytes().starts_with(b"."))
}
