//! What git's indexes say when pinfold leaves them. Git writes one anew whenever it looks at files, and then it says the same:
//! whoever undoes something loses nothing by that.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pinfold_stage::Digest;

use super::git::Git;
use crate::context::Context;
use crate::linux::paths::replace;

/// How much of the document is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The indexes of the repositories of a workspace.
pub(in crate::linux) struct Indexes {
    git: Git,
    document: PathBuf,
}

impl Indexes {
    pub(in crate::linux) fn of(context: &Context) -> Self {
        let places = pinfold_run::Store::stages(context.state(), &context.workspace);
        Self { git: Git::of(context), document: places.join("indexes.json") }
    }

    /// Takes down what those among some paths say by now. Without it somebody is asked to see to an index by himself, so that
    /// nothing is lost where it fails.
    pub(in crate::linux) fn note<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) {
        let says = |path: &'a Path| Some((path.to_str()?.to_owned(), self.git.index_says(path)?));
        let noted: Vec<_> = paths.into_iter().filter_map(says).collect();
        if !noted.is_empty() {
            let mut all = self.known().unwrap_or_default();
            all.extend(noted);
            let _ = self.save(&all);
        }
    }

    /// Whether a path is an index that says nothing that would be missed: what was committed, or what it said when it was left.
    pub(in crate::linux) fn says_nothing_new(&self, path: &Path) -> bool {
        self.git.is_idle_index(path)
            || self.git.index_says(path).is_some_and(|says| {
                let known = self.known().unwrap_or_default();
                path.to_str().and_then(|path| known.get(path)) == Some(&says)
            })
    }

    fn known(&self) -> io::Result<BTreeMap<String, Digest>> {
        let mut text = Vec::new();
        File::open(&self.document)?.take(BYTES_MAX).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    fn save(&self, all: &BTreeMap<String, Digest>) -> io::Result<()> {
        self.document.parent().map_or(Ok(()), fs::create_dir_all)?;
        replace(&self.document, &serde_json::to_vec(all)?)
    }
}
