//! The identifiers that a run has before it is planned, and the lists that are changed for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pinfold_acl::Sid;
use pinfold_plan::windows::Edit;

use super::context::Context;
use super::lists::FileLists;
use super::world::Machine;
use crate::windows::identifiers::{Identifiers, Root, Taken};
use crate::windows::journal::{Begun, Cleaned, Journal, JournalFile};
use crate::windows::sys::files::{self, Purpose};
use crate::windows::{ConfineError, Lock};

/// The identifiers of a run. As long as this lives, nobody forgets them.
#[derive(Debug)]
pub struct Ground {
    directory: PathBuf,
    /// By the paths that they were taken for, as `pinfold_plan::windows::Machine` wants them.
    pub identifiers: BTreeMap<String, Sid>,
    /// Those of the paths that lie on volumes without access lists (FAT).
    pub without_lists: Vec<String>,
    /// What the user should know: files that were damaged, entries that could not be taken out.
    pub notes: Vec<String>,
    shared: Vec<Sid>,
    taken: Taken,
}

impl Ground {
    /// Takes the identifiers of some paths, which exist, and takes out of all lists what nobody remembers any more.
    /// `directory` is that of this backend below the state directory, `shared` whoever else entries of
    /// several roots are for: the user, and the group of the accounts.
    pub fn take(directory: &Path, areas: &[String], shared: &[Sid]) -> Result<Self, ConfineError> {
        let lock = Lock::of(directory)?;
        let mut identifiers = Identifiers::open(directory, &lock)?;
        let mut notes = Vec::from_iter(identifiers.set_aside.as_ref().map(|path| {
            format!("the identifiers of writable roots could not be read; they are now in {}", path.display())
        }));
        let (mut roots, mut without_lists) = (Vec::new(), Vec::new());
        for path in areas {
            let directory = files::open(path, Purpose::Look).step_at("open", path)?;
            roots.push(Root { path, file: files::id(&directory) });
            if !files::keeps_lists(&directory).step_at("ask about the volume of", path)? {
                without_lists.push(path.clone());
            }
        }
        let taken = identifiers.take(&roots, &mut Machine)?;
        let mut journal = journal(directory, shared, &mut notes)?;
        let cleaned = journal.undo(&mut FileLists, &|sid| identifiers.forgotten(sid))?;
        // What was moved is told of where somebody cleans up.
        let left = cleaned.left.iter().filter(|left| !left.moved);
        notes.extend(left.map(|left| format!("{left}: {}", left.error)));
        let identifiers = areas.iter().cloned().zip(taken.sids.iter().cloned()).collect();
        let (directory, shared) = (directory.to_owned(), shared.to_vec());
        Ok(Self { directory, identifiers, without_lists, notes, shared, taken })
    }

    /// Gives lists what the plan says, and takes out what places have that no run is in.
    pub(super) fn begin(&self, edits: &[Edit]) -> Result<Begun, ConfineError> {
        let lock = Lock::of(&self.directory)?;
        let others = Identifiers::open_again(&self.directory, &lock, &self.taken)?;
        let mut journal = journal(&self.directory, &self.shared, &mut Vec::new())?;
        Ok(journal.begin(&mut FileLists, edits, &self.taken.sids, &|sid| others.in_use(sid))?)
    }

    /// The directory of this backend.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Takes out of all lists what no run needs at present, and forgets identifiers whose roots are gone.
pub fn clean(directory: &Path, shared: &[Sid]) -> Result<Cleaned, ConfineError> {
    let lock = Lock::of(directory)?;
    let mut identifiers = Identifiers::open(directory, &lock)?;
    identifiers.prune(&Machine)?;
    let mut journal = journal(directory, shared, &mut Vec::new())?;
    let idle = journal.sids().all(|sid| !identifiers.in_use(sid));
    match idle {
        true => Ok(journal.clean(&mut FileLists)?),
        false => Ok(journal.undo(&mut FileLists, &|sid| !identifiers.in_use(sid))?),
    }
}

fn journal(directory: &Path, shared: &[Sid], notes: &mut Vec<String>) -> Result<Journal<JournalFile>, ConfineError> {
    let journal = Journal::open(JournalFile::of(directory))?.sharing(shared.iter().cloned());
    notes.extend(journal.damaged.as_ref().map(|copy| format!("the journal of access lists was damaged; see {copy}")));
    Ok(journal)
}
