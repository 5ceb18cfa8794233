//! All that a stage remembers of what lay in the real tree.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::document;
use super::earlier::Earlier;
use super::kept::Kept;
use super::points;
use super::was::{Was, digest_of, is_changed_since};
use crate::attributes::{attributes, attributes_at};
use crate::content::{self, Digest};
use crate::layers::{Entry, Layers, walk};
use crate::limits;
use crate::node::{Kind, Node, Time};
use crate::tree::{Tree, is_closed};

/// The document of what is known, in the directory of a place.
pub(super) const DOCUMENT: &str = "bases.json";

/// Why what lay in the real tree is not known.
#[derive(Debug, thiserror::Error)]
pub enum BasesError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was written by a program that knows more.
    #[error("what files were is written in version {0}, which this program does not know")]
    Version(u32),
    /// There is more of it than anything of ours writes.
    #[error("the document that says what files were is too long")]
    TooLong,
    /// It leads elsewhere.
    #[error("{0:?} is no path below a tree")]
    Path(String),
    /// It is no such document.
    #[error("the document that says what files were is damaged")]
    Damaged(#[from] serde_json::Error),
}

/// What lay in the real tree, by path.
#[derive(Debug)]
pub struct Bases {
    pub(super) document: PathBuf,
    pub(super) all: BTreeMap<PathBuf, Was>,
    pub(super) earlier: Earlier,
    pub(super) kept: Kept,
}

impl Bases {
    /// Reads what a directory says. It is made where it is missing, and only its owner changes it.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(directory: &Path) -> Result<Self, BasesError> {
        std::fs::create_dir_all(directory)?;
        let kept = Kept::open(directory.join("contents"));
        let document = directory.join(DOCUMENT);
        let earlier = Earlier::open(directory.join("earlier.json"))?;
        Ok(Self { all: document::load(&document)?, document, earlier, kept })
    }

    /// Reads it again.
    ///
    /// # Errors
    /// As [`Bases::open`].
    pub fn reload(&mut self) -> Result<(), BasesError> {
        *self = Self::open(self.directory())?;
        Ok(())
    }

    fn directory(&self) -> &Path {
        self.document.parent().unwrap_or(Path::new(""))
    }

    /// What lay at a path.
    pub fn get(&self, path: &Path) -> Option<&Was> {
        self.all.get(path)
    }

    /// Whether nothing is known of any path.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Forgets what lay at some paths, on the disk before it returns. The next [`Bases::settle`] takes what lies there then: for
    /// what is about to be applied, or taken back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget<'a>(&mut self, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), BasesError> {
        for path in paths {
            self.all.remove(path);
        }
        document::save(&self.document, &self.all)
    }

    /// The paths at which what is remembered still lies in the real tree, and those that `accepts` names.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn current(&self, real: &Tree, accepts: &dyn Fn(&Path) -> bool) -> io::Result<BTreeSet<PathBuf>> {
        let mut current = BTreeSet::new();
        for (path, was) in &self.all {
            if was.is(real.node(path)?.as_ref()) || accepts(path) {
                current.insert(path.clone());
            }
        }
        Ok(current)
    }

    /// What a file contained; nothing where that is not known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn content(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        self.kept.get(digest)
    }

    /// Takes note of what lies at every path that layers say something about, where that is not known yet, and forgets all
    /// other paths. What has changed since the run `began` was perhaps not what the run has seen: that is the time that
    /// a file got right before its layers were mounted.
    ///
    /// # Errors
    /// When layers or files cannot be read, or this cannot be written.
    pub fn settle(&mut self, layers: &Layers, began: Time) -> Result<(), BasesError> {
        let mut removed = Removed::default();
        let mut look = |bases: &mut Self, entry: &Entry| bases.look(layers.real(), entry, began, &mut removed);
        let is_as_before = self.take_note(layers, &mut look)?;
        if is_as_before {
            return Ok(());
        }
        // First the document, so that at every moment what it names is there.
        document::save(&self.document, &self.all)?;
        let points = points::all(self.directory())?;
        let known = self.all.values().chain(self.earlier.all()).chain(points.iter().flat_map(BTreeMap::values));
        let needed: HashSet<Digest> = known.filter_map(kept_content).collect();
        Ok(self.kept.retain(&needed)?)
    }

    /// The same for whoever looks while a run goes on: no file is read, and nothing written.
    ///
    /// # Errors
    /// When layers cannot be read.
    pub fn glance(&mut self, layers: &Layers, began: Time) -> Result<(), BasesError> {
        let was = |entry: &Entry| match &entry.before {
            None => Was::Nothing,
            Some(before) if !before.is_directory() && is_changed_since(before, began) => Was::Unknown,
            Some(before) => Was::unread(before),
        };
        self.take_note(layers, &mut |_, entry| Ok(was(entry))).map(drop)
    }

    /// Has `look` say what lies at paths of which that is not known, and forgets paths of which layers say nothing. Gives whether
    /// nothing had to be done.
    fn take_note(
        &mut self,
        layers: &Layers,
        look: &mut dyn FnMut(&mut Self, &Entry) -> io::Result<Was>,
    ) -> Result<bool, BasesError> {
        // Both are sorted by path.
        let mut known = std::mem::take(&mut self.all).into_iter().peekable();
        let mut all = Vec::new();
        let mut is_as_before = true;
        for entry in walk(layers)?.entries {
            while known.next_if(|(path, _)| *path < entry.path).is_some() {
                is_as_before = false;
            }
            let was = match known.next_if(|(path, _)| *path == entry.path) {
                Some((_, was)) => was,
                None => {
                    is_as_before = false;
                    look(self, &entry)?
                }
            };
            all.push((entry.path, was));
        }
        is_as_before &= known.next().is_none();
        self.all = all.into_iter().collect();
        Ok(is_as_before)
    }

    fn look(&mut self, real: &Tree, entry: &Entry, began: Time, removed: &mut Removed) -> io::Result<Was> {
        let Some(before) = &entry.before else { return Ok(Was::Nothing) };
        if entry.left_out.is_some() {
            return Ok(Was::Unknown);
        }
        if !before.is_directory() && is_changed_since(before, began) {
            return Ok(Was::Unknown);
        }
        let was = match &before.kind {
            Kind::File { bytes } if entry.after.is_none() && !removed.may_be_read(*bytes) => Ok(Was::unread(before)),
            Kind::File { .. } => self.look_at_file(real, entry, before),
            Kind::Directory => attributes_at(real, &entry.path, before)
                .map(|found| Was::Directory { mode: before.mode, attributes: digest_of(&found) }),
            _ => Ok(Was::unread(before)),
        };
        match was {
            Err(error) if is_closed(&error) => Ok(Was::Unknown),
            other => other,
        }
    }

    fn look_at_file(&mut self, real: &Tree, entry: &Entry, before: &Node) -> io::Result<Was> {
        let mut file = real.file(&entry.path)?;
        let attributes = digest_of(&attributes(file.as_fd())?);
        let (content, kept) = match &entry.after {
            Some(_) => self.keep(&mut file)?,
            // Nobody asks more than whether it is still the same.
            None => (Some(Digest::of_file(&mut file)?), false),
        };
        let is_still = real.node(&entry.path)?.is_some_and(|now| now.identity == before.identity);
        let (identity, mode) = (before.identity, before.mode);
        Ok(if is_still { Was::File { identity, mode, attributes, content, kept } } else { Was::Unknown })
    }

    /// The digest of a content, and whether it is kept.
    pub(super) fn keep(&mut self, file: &mut File) -> io::Result<(Option<Digest>, bool)> {
        let bytes = file.metadata()?.len();
        if bytes > limits::BASE_DIGEST_BYTES {
            return Ok((None, false));
        }
        if bytes <= limits::MERGE_BYTES
            && let Some(text) = content::read_text(file, limits::MERGE_BYTES)?
        {
            let digest = Digest::of(&text);
            return Ok((Some(digest), self.kept.add(&text, &digest)?));
        }
        Ok((Some(Digest::of_file(file)?), false))
    }
}

/// How much was read of files that a run removed.
#[derive(Debug, Default)]
struct Removed {
    files: usize,
    bytes: u64,
}

impl Removed {
    /// Whether there is room for one more.
    fn may_be_read(&mut self, bytes: u64) -> bool {
        let (files, bytes) = (self.files + 1, self.bytes.saturating_add(bytes));
        let has_room = files <= limits::REMOVED_READ && bytes <= limits::REMOVED_READ_BYTES;
        if has_room {
            *self = Self { files, bytes };
        }
        has_room
    }
}

fn kept_content(was: &Was) -> Option<Digest> {
    match was {
        Was::File { content, kept: true, .. } => *content,
        _ => None,
    }
}
