//! The document that says what lay where: JSON with a version.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bases::BasesError;
use super::kept::write_whole;
use super::was::Was;
use crate::{content, limits, path_text};

/// Of the format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    paths: BTreeMap<String, Was>,
}

/// What is read before anything else.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Reads it; where there is none, nothing is known.
pub(super) fn load(path: &Path) -> Result<BTreeMap<PathBuf, Was>, BasesError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other?,
    };
    let bytes = content::read(&mut file, limits::DOCUMENT_BYTES)?.ok_or(BasesError::TooLong)?;
    let Version { version } = serde_json::from_slice(&bytes)?;
    if version != VERSION {
        return Err(BasesError::Version(version));
    }
    let document: Document = serde_json::from_slice(&bytes)?;
    if document.paths.len() > limits::CHANGES {
        return Err(BasesError::TooLong);
    }
    document.paths.into_iter().map(|(text, was)| Ok((path_of(&text)?, was))).collect()
}

fn path_of(text: &str) -> Result<PathBuf, BasesError> {
    path_text::from_text(text).filter(|path| path_text::is_below(path)).ok_or_else(|| BasesError::Path(text.to_owned()))
}

pub(super) fn save(path: &Path, all: &BTreeMap<PathBuf, Was>) -> Result<(), BasesError> {
    let paths = all.iter().map(|(path, was)| (path_text::to_text(path), was.clone())).collect();
    let bytes = serde_json::to_vec(&Document { version: VERSION, paths })?;
    Ok(write_whole(path, &bytes)?)
}
