//! A document that says something of paths, such as what lay there: JSON with a version.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bases::BasesError;
use super::kept::write_whole;
use crate::letters::{Letters, stays_inside};
use crate::{content, limits};

/// Of the format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<T> {
    version: u32,
    paths: BTreeMap<Letters, T>,
}

/// What is read before anything else.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Reads it; where there is none, nothing is known.
pub(super) fn load<T: DeserializeOwned>(path: &Path) -> Result<BTreeMap<PathBuf, T>, BasesError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let bytes = content::read(&mut file, limits::DOCUMENT_BYTES)?.ok_or(BasesError::TooLong)?;
    let Version { version } = serde_json::from_slice(&bytes)?;
    if version != VERSION {
        return Err(BasesError::Version(version));
    }
    let document: Document<T> = serde_json::from_slice(&bytes)?;
    if document.paths.len() > limits::CHANGES {
        return Err(BasesError::TooLong);
    }
    let checked = |(path, said): (Letters, T)| match stays_inside(path.path(), false) {
        true => Ok((path.path().to_owned(), said)),
        false => Err(BasesError::Path(path.to_string())),
    };
    document.paths.into_iter().map(checked).collect()
}

/// Nothing is known.
pub(super) fn save_empty(path: &Path) -> io::Result<()> {
    save(path, &BTreeMap::<_, ()>::new()).map_err(io::Error::other)
}

pub(super) fn save<T: Serialize>(path: &Path, all: &BTreeMap<PathBuf, T>) -> Result<(), BasesError> {
    let paths = all.iter().map(|(path, said)| (Letters::from(path), said)).collect();
    let bytes = serde_json::to_vec(&Document { version: VERSION, paths })?;
    Ok(write_whole(path, &bytes)?)
}
