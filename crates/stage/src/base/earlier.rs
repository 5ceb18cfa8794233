//! What was known of paths before something was taken over, for when that is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bases::{Bases, BasesError};
use super::document;
use super::was::Was;

/// How often something can be taken over at a path until the first is forgotten.
const KEPT: usize = 20;

/// What was known of paths, with the name of what was taken over then, the oldest first.
#[derive(Debug)]
pub(super) struct Earlier {
    document: PathBuf,
    all: BTreeMap<PathBuf, Vec<Before>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    applied: String,
    was: Was,
}

impl Earlier {
    pub(super) fn open(document: PathBuf) -> Result<Self, BasesError> {
        Ok(Self { all: document::load(&document)?, document })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Was> {
        self.all.values().flatten().map(|before| &before.was)
    }
}

impl Bases {
    /// Remembers what is known of some paths, for when what was taken over under a name is taken back, unless that was done
    /// before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember<'a>(&mut self, applied: &str, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), BasesError> {
        for path in paths {
            let was = self.get(path).cloned().unwrap_or(Was::Unknown);
            let list = self.earlier.all.entry(path.to_owned()).or_default();
            if list.iter().any(|before| before.applied == applied) {
                continue;
            }
            list.push(Before { applied: applied.to_owned(), was });
            list.drain(..list.len().saturating_sub(KEPT));
        }
        document::save(&self.earlier.document, &self.earlier.all)
    }

    /// It was taken back: what was known then is known again. Tells of which paths.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_back(&mut self, applied: &str) -> Result<BTreeSet<PathBuf>, BasesError> {
        let mut put_back = BTreeSet::new();
        for (path, list) in &mut self.earlier.all {
            for before in list.extract_if(.., |before| before.applied == applied) {
                self.all.insert(path.clone(), before.was);
                put_back.insert(path.clone());
            }
        }
        if put_back.is_empty() {
            return Ok(put_back);
        }
        self.earlier.all.retain(|_, list| !list.is_empty());
        document::save(&self.document, &self.all)?;
        document::save(&self.earlier.document, &self.earlier.all)?;
        Ok(put_back)
    }
}
