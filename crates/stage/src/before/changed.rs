//! What has become of what a run touched.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::log;
use super::noted::Noted;
use crate::letters::Letters;
use crate::node::{Node, Time};
use crate::store::{StoreError, at};

/// The file in which it stands.
const CHANGES: &str = "changes";

/// A path that is not what it was before the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// In which place.
    pub place: usize,
    pub(super) path: Letters,
    /// What lay there.
    pub was: Option<Noted>,
    /// What the run left there.
    pub now: Option<Left>,
    /// The copy of what the file contained, or why there is none. Nothing where it was not touched.
    pub(super) content: Option<Result<u64, String>>,
}

/// What a run left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Its number (`st_ino`).
    pub(super) inode: u64,
    /// `st_ctime`.
    pub(super) changed: Time,
    /// `st_mtime`.
    pub(super) modified: Time,
    /// Whether it is a directory, in which others may have changed something since.
    pub(super) directory: bool,
}

/// How a run has ended, so far as it can be undone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Its supervisor was killed, so that others may have changed something before that was looked at.
    pub killed: bool,
    /// Why not everything was noted.
    pub gap: Option<String>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Changed(Changed),
    /// The last one.
    Ended(Ended),
}

/// Whether a run has ended, and that was looked at.
pub(super) fn are_known(directory: &Path) -> bool {
    directory.join(CHANGES).exists()
}

/// Writes down what a run has changed, as a whole.
pub(super) fn write(directory: &Path, changes: Vec<Changed>, ended: Ended) -> Result<(), StoreError> {
    let partial = directory.join("changes.new");
    let write = || -> io::Result<()> {
        let mut file = io::BufWriter::new(File::create(&partial)?);
        for line in changes.into_iter().map(Line::Changed).chain([Line::Ended(ended)]) {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        std::fs::rename(&partial, directory.join(CHANGES))
    };
    at(write(), "write", &partial)
}

/// Reads it.
pub(super) fn read(directory: &Path) -> Result<(Vec<Changed>, Ended), StoreError> {
    let path = directory.join(CHANGES);
    let (mut changes, mut ended) = (Vec::new(), Ended::default());
    for line in at(log::read(&path), "read", &path)? {
        match line {
            Line::Changed(change) => changes.push(change),
            Line::Ended(how) => ended = how,
        }
    }
    Ok((changes, ended))
}

impl Changed {
    /// Relative to the place.
    pub fn path(&self) -> &Path {
        self.path.path()
    }

    /// Why there is no earlier version of what it contained, if so.
    pub fn lost(&self) -> Option<&str> {
        let why = self.content.as_ref()?.as_ref().err()?;
        Some(why)
    }
}

impl Left {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            inode: node.identity.inode,
            changed: node.identity.changed,
            modified: node.modified,
            directory: node.is_directory(),
        }
    }

    /// Whether it is still there, and nobody has changed it since; of directories whether they are some.
    pub(super) fn is(&self, node: &Node) -> bool {
        match self.directory {
            true => node.is_directory(),
            false => !node.is_directory() && self.inode == node.identity.inode && self.changed == node.identity.changed,
        }
    }
}
