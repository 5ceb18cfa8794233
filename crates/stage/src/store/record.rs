//! What is written down of a stage.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{StoreError, at};
use super::note;
use crate::letters::Letters;
use crate::node::Time;

/// The version of the record.
const FORMAT: u32 = 1;
/// The largest that is read back, in bytes.
const BYTES_MAX: u64 = 4 << 20;

/// A point to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// How many of the layers, from the lowest, belong to it.
    pub layers: usize,
}

/// What is written down of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Record {
    pub(super) format: u32,
    pub(super) workspace: Letters,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_ms: u64,
    /// When it was last run in.
    pub(super) used_ms: u64,
    /// The places that runs wrote to.
    pub(super) places: BTreeSet<Letters>,
    /// The layers, the lowest first; the last takes what is written.
    pub(super) layers: Vec<String>,
    pub(super) snapshots: Vec<Snapshot>,
    /// The stage that it was forked from.
    pub(super) forked_from: Option<String>,
    /// The run that used it last.
    pub(super) session: Option<String>,
    /// When a run began after which nobody has looked what changed files were before.
    pub(super) began: Option<Time>,
    /// When the snapshot was made that it has gone back to, unless it is known by now what has been taken over since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) went_back_ms: Option<u64>,
    /// How often it was written down as a whole.
    #[serde(default)]
    pub(super) saved: u64,
}

impl Record {
    pub(super) fn new(workspace: &Path, layer: String, now_ms: u64) -> Self {
        Self {
            format: FORMAT,
            workspace: Letters::from(workspace),
            made_ms: now_ms,
            used_ms: now_ms,
            places: BTreeSet::new(),
            layers: vec![layer],
            snapshots: Vec::new(),
            forked_from: None,
            session: None,
            began: None,
            went_back_ms: None,
            saved: 0,
        }
    }

    /// Reads it, with what the last run has noted.
    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let mut record: Self = read_json(path)?;
        if let Some(why) = record.fault() {
            return Err(StoreError::Damaged { path: path.to_owned(), why: why.to_owned() });
        }
        note::recall(&mut record, path)?;
        Ok(record)
    }

    /// Writes it down as a whole, on the disk before it returns.
    pub(super) fn save(&mut self, path: &Path) -> Result<(), StoreError> {
        self.saved += 1;
        write_json(self, path)
    }

    /// The layers that must stay; nothing where no run has begun.
    pub(super) fn needed(self) -> Option<Vec<String>> {
        (self.session.is_some() || self.forked_from.is_some()).then_some(self.layers)
    }

    fn fault(&self) -> Option<&'static str> {
        let is_layer = |layer: &String| !layer.is_empty() && layer.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.format != FORMAT {
            Some("another version of pinfold has written it")
        } else if self.layers.is_empty() || !self.layers.iter().all(is_layer) {
            Some("its layers are none")
        } else if self.snapshots.iter().any(|snapshot| snapshot.layers >= self.layers.len()) {
            Some("a snapshot has more layers than there are")
        } else {
            None
        }
    }
}

/// Reads what [`write_json`] has written.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why };
    let mut text = Vec::new();
    let file = at(File::open(path), "open", path)?;
    at(file.take(BYTES_MAX + 1).read_to_end(&mut text), "read", path)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(damaged(format!("it is larger than {BYTES_MAX} bytes")));
    }
    serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))
}

/// Replaces a file as a whole, on the disk before it returns.
pub(crate) fn write_json<T: Serialize>(what: &T, path: &Path) -> Result<(), StoreError> {
    let partial = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(&serde_json::to_vec(what)?)?;
        file.sync_data()?;
        std::fs::rename(&partial, path)
    };
    at(write(), "write", path)
}
