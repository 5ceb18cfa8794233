//! What a transaction does, as it is written down before anything is touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Damage;
use super::said::Said;
use super::seen::{Seen, Shape};
use crate::letters::{Letters, stays_inside};

/// The version that this program writes and reads.
pub const VERSION: u32 = 1;

/// What a transaction does, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// [`VERSION`].
    pub version: u32,
    /// Paths and slots that change places.
    pub moves: Vec<Move>,
    /// Files that are written in place.
    pub writes: Vec<Write>,
    /// What is said about files and directories in the end; sorted by path, and carried out from the last to the first.
    pub notes: Vec<Note>,
}

/// A path and a slot change places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Where in the tree.
    pub path: Letters,
    /// Which slot.
    pub slot: u32,
    /// What lies at the path before, and in the slot afterwards.
    pub old: Option<Seen>,
    /// What lies in the slot before, and at the path afterwards.
    pub new: Option<Seen>,
    /// One of both is another name of a file in the tree, and is made only when it is needed.
    pub link: Option<Link>,
}

/// Another name of a file in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The name it has.
    pub to: Letters,
    /// Which one it is.
    pub inode: u64,
}

/// A file is written in place, since it has other names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Where in the tree.
    pub path: Letters,
    /// Which number its contents are kept under.
    pub slot: u32,
    /// What lies there before.
    pub seen: Seen,
    /// What is said about it before.
    pub old: Said,
    /// What is said about it afterwards.
    pub new: Said,
    /// Whether it is written back.
    pub back: bool,
}

/// What is said about a file or directory before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Where in the tree.
    pub path: Letters,
    /// Which one. Of a file that nothing else is done to, with its look.
    pub seen: Seen,
    /// Before; nothing if it is not there.
    pub old: Option<Said>,
    /// Afterwards; nothing if it is not there.
    pub new: Option<Said>,
}

impl Journal {
    /// One that does nothing.
    pub(super) fn empty() -> Self {
        Self { version: VERSION, moves: Vec::new(), writes: Vec::new(), notes: Vec::new() }
    }

    /// Reads one, whoever wrote it.
    ///
    /// # Errors
    /// When it is none, or would lead out of the tree.
    pub fn parse(bytes: &[u8]) -> Result<Self, Damage> {
        let journal: Self = serde_json::from_slice(bytes)?;
        if journal.version != VERSION {
            return Err(Damage::Version(journal.version));
        }
        journal.paths().all(|(path, root)| stays_inside(path, root)).then_some(()).ok_or(Damage::Sense("a path"))?;
        let slots: BTreeSet<u32> = journal.slots().collect();
        (slots.len() == journal.slots().count()).then_some(()).ok_or(Damage::Sense("a slot"))?;
        Ok(journal)
    }

    /// What turns it back.
    pub(super) fn inverted(&self) -> Self {
        Self {
            version: self.version,
            moves: self.moves.iter().rev().map(Move::inverted).collect(),
            writes: self.writes.iter().rev().map(Write::inverted).collect(),
            notes: self.notes.iter().map(Note::inverted).collect(),
        }
    }

    /// What is said about something when all is done.
    pub(super) fn note(&self, path: &Path) -> Option<&Note> {
        let at = self.notes.binary_search_by(|note| note.path.path().cmp(path)).ok()?;
        self.notes.get(at)
    }

    /// Every path, and whether it may be the tree itself.
    fn paths(&self) -> impl Iterator<Item = (&Path, bool)> {
        let links = self.moves.iter().filter_map(|step| step.link.as_ref()).map(|link| (link.to.path(), false));
        let moves = self.moves.iter().map(|step| (step.path.path(), false)).chain(links);
        let writes = self.writes.iter().map(|write| (write.path.path(), false));
        moves.chain(writes).chain(self.notes.iter().map(|note| (note.path.path(), true)))
    }

    /// Every path at which something becomes something else.
    pub(super) fn changed(&self) -> BTreeSet<PathBuf> {
        let paths = self.paths().map(|(path, _)| path).filter(|path| !path.as_os_str().is_empty());
        paths.map(Path::to_owned).collect()
    }

    fn slots(&self) -> impl Iterator<Item = u32> {
        self.moves.iter().map(|step| step.slot).chain(self.writes.iter().map(|write| write.slot))
    }
}

impl Move {
    fn inverted(&self) -> Self {
        Self { old: self.new, new: self.old, ..self.clone() }
    }
}

impl Write {
    fn inverted(&self) -> Self {
        let seen = Seen { look: None, ..self.seen };
        Self { seen, old: self.new.clone(), new: self.old.clone(), back: !self.back, ..self.clone() }
    }

    /// Where its content is kept, and where that which it has before.
    pub(super) fn contents(&self) -> [String; 2] {
        let names = [format!("{}.new", self.slot), format!("{}.old", self.slot)];
        if self.back {
            let [new, old] = names;
            [old, new]
        } else {
            names
        }
    }

    /// The mark that says that it has been begun.
    pub(super) fn mark(&self) -> String {
        format!("writing.{}", self.slot)
    }
}

impl Note {
    fn inverted(&self) -> Self {
        let seen = Seen { look: None, ..self.seen };
        Self { old: self.new.clone(), new: self.old.clone(), seen, ..self.clone() }
    }

    /// Whether it is about a directory.
    pub(super) fn is_directory(&self) -> bool {
        self.seen.shape == Shape::Directory
    }
}
