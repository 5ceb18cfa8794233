//! A directory that layers have, and may share with the real tree.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;

use super::entry::{Entry, LeftOut};
use super::stack::Layers;
use crate::attributes::attribute;
use crate::node::{Kind, Node};
use crate::open::Held;
use crate::tree::{RESOLVE, names_in, node_at};

/// `y`: nothing below is shown. `x`: there are whiteouts that are files.
const OPAQUE: &str = "user.overlay.opaque";
/// On an empty file: it says "deleted".
const WHITEOUT: &str = "user.overlay.whiteout";

/// A directory that layers have.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    layers: Vec<usize>,
    real: Real,
}

/// The directory of the same path in the real tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Real {
    /// There is none.
    Absent,
    /// There is one, but a run does not see what is in it.
    Hidden,
    /// A run sees what is in it, where no layer says otherwise.
    Shown,
}

/// The same, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    path: PathBuf,
    parts: Vec<Part>,
    real: Option<OwnedFd>,
    hidden: bool,
}

/// One layer's share of it.
#[derive(Debug)]
struct Part {
    layer: usize,
    directory: Held,
    has_whiteout_files: bool,
}

impl Directory {
    /// The tree itself.
    pub(crate) fn top(layers: usize) -> Self {
        Self { path: PathBuf::new(), layers: (0..layers).collect(), real: Real::Shown }
    }

    /// Opens it in the layers, down to one that hides all below, and in the real tree.
    pub(crate) fn open(&self, of: &Layers) -> io::Result<Opened> {
        let mut parts = Vec::new();
        let mut real = self.real;
        for layer in self.layers.iter().copied() {
            let directory = of.layer(layer).held(&self.path, OFlags::RDONLY | OFlags::DIRECTORY)?;
            let opaque = attribute(directory.as_fd(), OsStr::new(OPAQUE))?;
            parts.push(Part { layer, directory, has_whiteout_files: opaque.as_deref() == Some(b"x") });
            if opaque.as_deref() == Some(b"y") {
                real = if real == Real::Absent { real } else { Real::Hidden };
                break;
            }
        }
        let real_directory = match real {
            Real::Absent => None,
            Real::Hidden => Some(of.real().directory(&self.path)?),
            Real::Shown => Some(of.real().at(&self.path, OFlags::PATH | OFlags::DIRECTORY)?),
        };
        Ok(Opened { path: self.path.clone(), parts, real: real_directory, hidden: real == Real::Hidden })
    }
}

impl Opened {
    /// The names that layers have, and where they hide the real directory, those in it. Sorted by their bytes.
    pub(crate) fn names(&self) -> io::Result<BTreeSet<OsString>> {
        let mut names = BTreeSet::new();
        for part in &self.parts {
            names.extend(names_in(Dir::read_from(&part.directory)?)?);
        }
        if let (Some(real), true) = (&self.real, self.hidden) {
            names.extend(names_in(Dir::read_from(real)?)?);
        }
        Ok(names)
    }

    /// The names that a run sees there. `real` gives those in the real tree.
    pub(crate) fn names_seen(&self, real: impl FnOnce() -> io::Result<Vec<OsString>>) -> io::Result<Vec<OsString>> {
        let said = self.names()?;
        let mut seen = Vec::new();
        for name in &said {
            if self.find(name)?.node.is_some() {
                seen.push(name.clone());
            }
        }
        if self.real.is_some() && !self.hidden {
            seen.extend(real()?.into_iter().filter(|name| !said.contains(name)));
        }
        Ok(seen)
    }

    /// What lies there under a name.
    pub(crate) fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        let before = self.real_node(name)?;
        let found = self.find(name)?;
        let path = self.path.join(name);
        let was_directory = before.as_ref().is_some_and(Node::is_directory);
        let real = match was_directory {
            false => Real::Absent,
            true if found.hides || self.hidden => Real::Hidden,
            true => Real::Shown,
        };
        let left_out = match LeftOut::of_path(&path) {
            None => self.why_closed(name, real)?,
            too_much => too_much,
        };
        let inside = (!found.directories.is_empty() && left_out.is_none()).then(|| Directory {
            path: path.clone(),
            layers: found.directories,
            real,
        });
        Ok(Entry { path, before, after: found.node, layer: found.layer, inside, left_out })
    }

    /// Whether the real tree is what a run sees under a name that no layer shows.
    pub(crate) fn shows_real(&self, name: &OsStr) -> io::Result<bool> {
        Ok(!self.hidden && self.real.is_some() && !self.find(name)?.hides)
    }

    fn find(&self, name: &OsStr) -> io::Result<Found> {
        let mut found = Found::default();
        for part in &self.parts {
            let Some(node) = node_at(part.directory.as_fd(), name)? else { continue };
            if found.node.is_none() {
                found.layer = part.layer;
            }
            let is_directory = node.is_directory();
            if part.is_whiteout(name, &node)? || (found.node.is_some() && !is_directory) {
                found.hides = true;
                break;
            }
            found.node.get_or_insert(node);
            if !is_directory {
                found.hides = true;
                break;
            }
            found.directories.push(part.layer);
        }
        Ok(found)
    }

    fn real_node(&self, name: &OsStr) -> io::Result<Option<Node>> {
        let Some(real) = &self.real else { return Ok(None) };
        match node_at(real.as_fd(), name) {
            // Whoever cannot look into a directory sees nothing there.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::ACCESS) => Ok(None),
            other => other,
        }
    }

    /// Whether the real directory of that name can be looked into.
    fn why_closed(&self, name: &OsStr, real: Real) -> io::Result<Option<LeftOut>> {
        let flags = match real {
            Real::Absent => return Ok(None),
            Real::Hidden => OFlags::RDONLY,
            Real::Shown => OFlags::PATH,
        };
        self.real.as_ref().map_or(Ok(None), |directory| why_closed(directory.as_fd(), name, flags))
    }
}

/// What the layers say about a name.
#[derive(Debug, Default)]
struct Found {
    node: Option<Node>,
    layer: usize,
    /// The layers in which it is a directory that is shown.
    directories: Vec<usize>,
    /// Whether what lies below is not shown.
    hides: bool,
}

impl Part {
    fn is_whiteout(&self, name: &OsStr, node: &Node) -> io::Result<bool> {
        if node.is_whiteout() || !self.has_whiteout_files || node.kind != (Kind::File { bytes: 0 }) {
            return Ok(node.is_whiteout());
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rustix::fs::openat2(&self.directory, name, flags, Mode::empty(), RESOLVE)?;
        Ok(attribute(file.as_fd(), OsStr::new(WHITEOUT))?.is_some())
    }
}

/// Why a directory in the real tree cannot be opened.
pub(super) fn why_closed(directory: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<Option<LeftOut>> {
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::openat2(directory, Path::new(name), flags, Mode::empty(), RESOLVE) {
        Ok(_) => Ok(None),
        Err(Errno::XDEV) => Ok(Some(LeftOut::Mount)),
        Err(Errno::ACCESS | Errno::PERM) => Ok(Some(LeftOut::Closed)),
        Err(error) => Err(error.into()),
    }
}
