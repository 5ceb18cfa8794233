//! Identifiers that stand for writable roots: made up here, nobody's on any machine, and one for each root, so that what a
//! list allows to one run helps no other.
//!
//! They are remembered, so that lists that have their entries once need not be written for each run. One goes when its
//! root is gone or when there are too many, but never while a run uses it; its entries are then taken out of the lists
//! ([`super::journal`]), which is also done for those that nobody remembers any more.

mod record;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use pinfold_acl::Sid;
use thiserror::Error;

use self::record::{Known, Record, Unreadable};
use self::uses::{Use, Uses};
use super::durable::{self, Lock, StateError, at};
use super::limits;
use super::place::{FileId, folded};

/// Why there is no identifier for a root.
#[derive(Debug, Error)]
pub enum IdentifiersError {
    /// A file of theirs could not be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// They are there, and stay as they are.
    #[error("the identifiers of writable roots were written by another version ({version})")]
    Unknown {
        /// Which one.
        version: u64,
    },
    /// All that are remembered are in use.
    #[error("{} writable roots are in use at the same time", limits::MAX_IDENTIFIERS)]
    TooMany,
    /// The system gave no random bytes.
    #[error("failed to draw random bytes")]
    Random(#[source] io::Error),
}

/// A directory that shall be writable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root<'a> {
    /// Its path, absolute and without links.
    pub path: &'a str,
    /// What tells it from another one that had the path before, or that differs by its case only.
    pub file: Option<FileId>,
}

/// Whether a directory is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It is not, though its volume is.
    Gone,
    /// Nobody can say.
    Unknown,
}

/// What the identifiers are made with and judged by: the system, or a test.
pub trait World {
    /// Fills a buffer from a source that nobody can predict.
    fn random(&mut self, buffer: &mut [u8]) -> io::Result<()>;
    /// Whether a directory is there.
    fn presence(&self, path: &str) -> Presence;
}

/// The identifiers of some roots, which stay theirs as long as this lives.
#[derive(Debug)]
pub struct Taken {
    /// One for each root, in their order.
    pub sids: Vec<Sid>,
    /// Those that are forgotten now. Their entries must go out of the lists.
    pub gone: Vec<Sid>,
    uses: Vec<Use>,
}

/// All that are remembered. Only for the holder of the [`Lock`] of their directory.
#[derive(Debug)]
pub struct Identifiers {
    file: PathBuf,
    record: Record,
    uses: Uses,
    in_use: BTreeSet<Sid>,
    /// Where a file was put that could not be read.
    pub set_aside: Option<PathBuf>,
}

impl Identifiers {
    /// Reads those of a directory, and finds out which ones are in use. A file that is damaged is set aside.
    pub fn open(directory: &Path, lock: &Lock) -> Result<Self, IdentifiersError> {
        Self::open_besides(directory, lock, &[])
    }

    /// The same for a run that has some: its own use of them does not count.
    pub fn open_again(directory: &Path, lock: &Lock, own: &Taken) -> Result<Self, IdentifiersError> {
        Self::open_besides(directory, lock, &own.uses)
    }

    fn open_besides(directory: &Path, _lock: &Lock, own: &[Use]) -> Result<Self, IdentifiersError> {
        let file = directory.join("identifiers.json");
        let (record, set_aside) = match read(&file)? {
            Some(record) => (record, None),
            None => (Record::default(), Some(at(durable::set_aside(&file), "set aside", &file)?)),
        };
        let uses = Uses::of(directory)?;
        let in_use = uses.present(own)?;
        Ok(Self { file, record, uses, in_use, set_aside })
    }

    /// Whether a run uses it, as far as it was known when this was opened.
    pub fn in_use(&self, sid: &Sid) -> bool {
        self.in_use.contains(sid)
    }

    /// Whether nobody knows what it stood for, so that its entries in lists mean nothing any more.
    pub fn forgotten(&self, sid: &Sid) -> bool {
        !self.in_use(sid) && self.record.roots.iter().all(|known| known.sid != *sid)
    }

    /// The identifiers of these roots, new ones where there are none yet.
    pub fn take(&mut self, roots: &[Root<'_>], world: &mut dyn World) -> Result<Taken, IdentifiersError> {
        let before = self.record.clone();
        let mut gone = Vec::new();
        let mut sids = Vec::new();
        for root in roots {
            gone.extend(self.forget_predecessors(root));
            let sid = match self.record.roots.iter_mut().find(|known| known.is(root)) {
                Some(known) => known.sid.clone(),
                None => self.add(root, world)?,
            };
            sids.push(sid);
        }
        self.record.used(&sids);
        if self.record.roots.len() > before.roots.len() {
            gone.extend(
                self.forget(|known| !sids.contains(&known.sid) && world.presence(&known.path) == Presence::Gone),
            );
            gone.extend(self.keep_within(limits::MAX_IDENTIFIERS, &sids)?);
        }
        let uses = sids.iter().map(|sid| self.uses.begin(sid)).collect::<Result<_, _>>()?;
        if self.record != before {
            at(durable::replace(&self.file, &self.record.to_bytes()), "write", &self.file)?;
        }
        Ok(Taken { sids, gone, uses })
    }

    /// Forgets the roots that are gone, and gives their identifiers.
    pub fn prune(&mut self, world: &dyn World) -> Result<Vec<Sid>, IdentifiersError> {
        let gone = self.forget(|known| world.presence(&known.path) == Presence::Gone);
        if !gone.is_empty() {
            at(durable::replace(&self.file, &self.record.to_bytes()), "write", &self.file)?;
        }
        Ok(gone)
    }

    fn add(&mut self, root: &Root<'_>, world: &mut dyn World) -> Result<Sid, IdentifiersError> {
        let sid = loop {
            let sid = made_up(world).map_err(IdentifiersError::Random)?;
            if self.forgotten(&sid) {
                break sid;
            }
        };
        self.record.roots.push(Known { path: root.path.to_owned(), file: root.file, sid: sid.clone(), turn: 0 });
        Ok(sid)
    }

    /// Another directory was where this one is: what it was allowed does not count for this one.
    fn forget_predecessors(&mut self, root: &Root<'_>) -> Vec<Sid> {
        self.forget(|known| folded(&known.path) == folded(root.path) && !known.is(root))
    }

    /// Forgets what shall go and is not in use.
    fn forget(&mut self, goes: impl Fn(&Known) -> bool) -> Vec<Sid> {
        let in_use = &self.in_use;
        let gone = self.record.roots.extract_if(.., |known| goes(known) && !in_use.contains(&known.sid));
        gone.map(|known| known.sid).collect()
    }

    /// Forgets those that were not used for longest.
    fn keep_within(&mut self, most: usize, wanted: &[Sid]) -> Result<Vec<Sid>, IdentifiersError> {
        let mut gone = Vec::new();
        while self.record.roots.len() > most {
            let idle =
                self.record.roots.iter().filter(|known| !wanted.contains(&known.sid) && !self.in_use(&known.sid));
            let oldest = idle.min_by_key(|known| known.turn).ok_or(IdentifiersError::TooMany)?.sid.clone();
            self.record.roots.retain(|known| known.sid != oldest);
            gone.push(oldest);
        }
        Ok(gone)
    }
}

/// `None` when it is damaged.
fn read(file: &Path) -> Result<Option<Record>, IdentifiersError> {
    let bytes = match durable::read(file, limits::MAX_IDENTIFIERS_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(None),
        bytes => at(bytes, "read", file)?,
    };
    let Some(bytes) = bytes else { return Ok(Some(Record::default())) };
    match Record::parse(&bytes) {
        Ok(record) => Ok(Some(record)),
        Err(Unreadable::Damaged) => Ok(None),
        Err(Unreadable::Version(version)) => Err(IdentifiersError::Unknown { version }),
    }
}

/// S-1-5-21 and 128 random bits: of the form of users of a domain that there is none of.
fn made_up(world: &mut dyn World) -> io::Result<Sid> {
    let mut bytes = [0; 16];
    world.random(&mut bytes)?;
    let (words, _) = bytes.as_chunks();
    let parts: Vec<u32> = std::iter::once(21).chain(words.iter().map(|word| u32::from_le_bytes(*word))).collect();
    Ok(Sid::new(5, &parts).expect("five parts are not too many"))
}
