//! Files that something taken over has replaced, and that came back when it was undone: they are what an earlier taking over
//! has left, though moving them has changed their `st_ctime`, or they are copies.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::record::write_json;
use crate::letters::Letters;
use crate::node::{Kind, Node, Time};
use crate::step::Step;
use crate::transaction::finished::Which;
use crate::tree::Tree;
use crate::{content, limits};

/// What lay somewhere before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Met {
    which: Which,
    mode: u32,
    bytes: u64,
    modified: Time,
}

impl Met {
    fn of(node: &Node) -> Option<Self> {
        let Kind::File { bytes } = node.kind else { return None };
        Some(Self { which: Which::of(node), mode: node.mode, bytes, modified: node.modified })
    }

    /// Whether it looks the same, whichever it is.
    fn looks_like(&self, other: &Self) -> bool {
        (self.mode, self.bytes, self.modified) == (other.mode, other.bytes, other.modified)
    }
}

/// Writes down what files steps will replace, in the directory of what is taken over, for a place by its number.
pub(super) fn write_met(directory: &Path, number: usize, steps: &[Step]) -> Result<(), StoreError> {
    let met = steps.iter().filter_map(|step| Some((Letters::from(&step.path), Met::of(step.expected.as_ref()?)?)));
    write_json(&met.collect::<BTreeMap<_, _>>(), &path(directory, "met", number))
}

/// It was undone: writes down as which files they lie there again.
pub(super) fn write_returned(directory: &Path, number: usize, tree: &Tree) -> Result<(), StoreError> {
    let met: BTreeMap<Letters, Met> = read(&path(directory, "met", number));
    let now = |path: &Letters| tree.node(path.path()).ok().flatten().as_ref().and_then(Met::of);
    let returned =
        met.iter().filter_map(|(path, met)| Some((path, now(path).filter(|now| now.looks_like(met))?.which)));
    write_json(&returned.collect::<BTreeMap<_, _>>(), &path(directory, "returned", number))
}

/// Files that came back to a place, by what they were and what they are.
#[derive(Debug, Default)]
pub(super) struct Returned(Vec<(BTreeMap<Letters, Met>, BTreeMap<Letters, Which>)>);

impl Returned {
    /// What something taken over has replaced and brought back. In the order in which it was taken over.
    pub(super) fn add(&mut self, directory: &Path, number: usize) {
        let returned: BTreeMap<Letters, Which> = read(&path(directory, "returned", number));
        if !returned.is_empty() {
            self.0.push((read(&path(directory, "met", number)), returned));
        }
    }

    /// Whether what lies at a path by now is the file that was left there.
    pub(super) fn is(&self, path: &Letters, left: Which, now: &Node) -> bool {
        let step = |which: Which, (met, returned): &(BTreeMap<Letters, Met>, BTreeMap<Letters, Which>)| {
            let is_met = met.get(path).is_some_and(|met| met.which == which);
            returned.get(path).copied().filter(|_| is_met).unwrap_or(which)
        };
        let which = self.0.iter().fold(left, step);
        which != left && which == Which::of(now)
    }
}

fn path(directory: &Path, what: &str, number: usize) -> PathBuf {
    directory.join(format!("{what}-{number}.json"))
}

/// What cannot be read says nothing: then such a file has been changed for all that is known.
fn read<T: DeserializeOwned + Default>(path: &Path) -> T {
    let bytes = File::open(path).and_then(|mut file| content::read(&mut file, limits::DOCUMENT_BYTES));
    bytes.ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
