//! Trees as tests think of them: made on a disk, read from it, and the steps from one to another.

pub(in crate::transaction::tests) mod build;
pub(in crate::transaction::tests) mod difference;
pub(in crate::transaction::tests) mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::node::{Attributes, Time};
use crate::step::Meta;

/// A tree, by path; parents are in it.
pub(super) type Model = BTreeMap<PathBuf, Item>;

/// Something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Directory(Meta),
    File(Text, Meta),
    /// Another name of the file at this path.
    Same(PathBuf),
    Link(PathBuf, Time),
    Pipe(Meta),
}

/// What a file contains: some bytes, after a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) hole: u64,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn time(seconds: i64) -> Time {
    Time { seconds, nanoseconds: 123_456_789 }
}

pub(super) fn meta(mode: u32, seconds: i64) -> Meta {
    Meta { mode, modified: time(seconds), attributes: Attributes::new() }
}

pub(super) fn text(bytes: &str) -> Text {
    Text { hole: 0, bytes: bytes.as_bytes().to_vec() }
}

/// All names of the file at a path.
pub(super) fn names<'a>(model: &'a Model, path: &'a Path) -> Vec<&'a Path> {
    let named = |path: &'a Path| if let Some(Item::Same(to)) = model.get(path) { to } else { path };
    let file = named(path);
    model.keys().map(|path| &**path).filter(|path| named(path) == file).collect()
}
