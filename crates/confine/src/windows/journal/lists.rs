//! Access lists of files, as the journal sees them.

use std::collections::BTreeMap;
use std::io;

use pinfold_acl::{Ace, Acl, Label};
use pinfold_plan::windows::Edit;

use crate::windows::FileId;

/// What counts of the security descriptor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Whether it can pass something on.
    pub directory: bool,
    /// Which file it is, where the file system says so.
    pub file: Option<FileId>,
    /// The discretionary list.
    pub dacl: Acl,
    /// The label in the system list, if there is one.
    pub label: Option<Label>,
}

/// What is written. `None` leaves a part as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The discretionary list.
    pub dacl: Option<Acl>,
    /// The label, or that there is none any more.
    pub label: Option<Option<Label>>,
}

/// The lists of a machine's files.
///
/// A path is that of the file itself, never that of a link: implementations fail where it leads elsewhere. An error of the
/// kind [`io::ErrorKind::NotFound`] means that the file is gone, and never that its volume is.
pub trait Lists {
    /// Reads the list of a file.
    fn read(&self, path: &str) -> io::Result<List>;
    /// Whether a file that had a path once is still somewhere on its volume. In doubt it is.
    fn is_somewhere(&self, path: &str, file: FileId) -> bool;
    /// Writes parts of it, and what everything below inherits of them.
    fn write(&mut self, path: &str, change: &Change) -> io::Result<()>;
}

/// What lists shall have, with one edit for each path. Where two are about one path, the higher label is the one of what is
/// protected.
pub(in crate::windows) fn merged(edits: &[Edit]) -> Vec<Edit> {
    let mut merged: BTreeMap<&str, Edit> = BTreeMap::new();
    for edit in edits {
        let one = merged.entry(&edit.path).or_insert_with(|| Edit { entries: Vec::new(), ..edit.clone() });
        one.label = [one.label, edit.label].into_iter().flatten().max_by_key(|label| label.level);
        let new: Vec<Ace> = edit.entries.iter().filter(|ace| !one.entries.contains(ace)).cloned().collect();
        one.entries.extend(new);
    }
    merged.into_values().collect()
}

/// An edit as it is for what is at its path: a file passes nothing on.
pub(in crate::windows) fn fitted(edit: Edit, list: &List) -> Edit {
    if list.directory { edit } else { edit.for_file() }
}

/// A list without entries.
pub(super) fn without(entries: &[Ace], list: &Acl) -> Acl {
    Acl(list.0.iter().filter(|ace| !entries.contains(ace)).cloned().collect())
}
