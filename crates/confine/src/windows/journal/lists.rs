//! Access lists of files, as the journal sees them.

use std::io;

use pinfold_acl::{Ace, Acl, Label};
use pinfold_plan::windows::Edit;

use crate::windows::FileId;

/// What counts of the security descriptor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
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
    /// Writes parts of it, and what everything below inherits of them.
    fn write(&mut self, path: &str, change: &Change) -> io::Result<()>;
}

/// What the list of a path shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The path, without links.
    pub path: String,
    /// Entries, all of identifiers of ours.
    pub entries: Vec<Ace>,
    /// A label.
    pub label: Option<Label>,
}

impl Wanted {
    /// The list with it.
    pub(super) fn added_to(&self, list: &Acl) -> Acl {
        Edit { path: String::new(), entries: self.entries.clone() }.added_to(list)
    }
}

/// A list without entries.
pub(super) fn without(entries: &[Ace], list: &Acl) -> Acl {
    Edit { path: String::new(), entries: entries.to_vec() }.removed_from(list)
}

impl From<Edit> for Wanted {
    fn from(Edit { path, entries, .. }: Edit) -> Self {
        Self { path, entries, label: None }
    }
}
