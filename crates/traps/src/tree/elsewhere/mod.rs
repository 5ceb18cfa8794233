//! Where nothing opens a path without following a link on its way: step by step, every directory held where the system
//! lets one keep others from exchanging it meanwhile.

#[cfg(unix)]
#[path = "unix.rs"]
mod native;
#[cfg(windows)]
#[path = "windows.rs"]
mod native;

use std::ffi::OsString;
use std::fs::{File, Metadata, symlink_metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use super::thing::{Thing, within};
pub(crate) use native::{PLATFORM, path};

/// The root, held open.
pub(crate) struct Tree {
    /// Without links, in the form in which every name counts as it is written.
    root: PathBuf,
    _held: Option<File>,
}

/// A path whose directories are held.
struct Way {
    path: PathBuf,
    known: Metadata,
    held: Vec<File>,
}

/// A regular file that is not yet opened.
pub(crate) struct Regular {
    way: Way,
    pub(super) bytes: u64,
}

impl Tree {
    /// Opens the root. Here, and only here, symbolic links count as in any path.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = std::fs::canonicalize(path)?;
        let held = native::hold(&root)?;
        Ok(Self { root, _held: held })
    }

    /// Looks at a path below the root.
    pub(crate) fn look(&self, path: &Path) -> Thing {
        match self.reach(path).and_then(describe) {
            Ok(thing) => thing,
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => Thing::Gone,
                _ => Thing::Unreachable,
            },
        }
    }

    /// Whether there is anything at a path below the root.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.reach(path).is_ok()
    }

    /// The names in a directory below the root.
    pub(crate) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut way = self.reach(path)?;
        step(&way.path, &mut way.held)?;
        std::fs::read_dir(&way.path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Where the link or pointer at a path leads: a path below the root, or `None` when it leads out. By the words alone:
    /// what lies behind further links is judged where those lie.
    pub(crate) fn leads_to(&self, link: &Path, target: &Path) -> Option<PathBuf> {
        within(&native::plain(&self.root), link.parent().unwrap_or(Path::new("")), &native::plain(target))
    }

    fn reach(&self, path: &Path) -> io::Result<Way> {
        let (mut here, mut held) = (self.root.clone(), Vec::new());
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(ErrorKind::InvalidInput.into()) };
            here.push(name);
            if parts.peek().is_none() {
                let known = symlink_metadata(&here)?;
                return Ok(Way { path: here, known, held });
            }
            step(&here, &mut held)?;
        }
        Err(ErrorKind::InvalidInput.into())
    }
}

/// Goes on through a directory that is no link.
fn step(directory: &Path, held: &mut Vec<File>) -> io::Result<()> {
    held.extend(native::hold(directory)?);
    let known = symlink_metadata(directory)?;
    match known.is_dir() {
        true => Ok(()),
        false if known.is_symlink() => Err(ErrorKind::InvalidInput.into()),
        false => Err(ErrorKind::NotADirectory.into()),
    }
}

fn describe(way: Way) -> io::Result<Thing> {
    let known = &way.known;
    Ok(match () {
        () if known.is_symlink() => Thing::Link(native::plain(&std::fs::read_link(&way.path)?)),
        () if known.is_dir() => Thing::Directory,
        () if native::is_ordinary(known) => Thing::File(Regular { bytes: known.len(), way }),
        () => Thing::Special,
    })
}

impl Regular {
    /// By its mode, or where there is none, by its name or first line.
    pub(crate) fn may_be_executed(&self) -> bool {
        native::may_be_executed(&self.way.path, &self.way.known, || self.head(2).unwrap_or_default())
    }

    /// At most so many bytes from the beginning.
    pub(crate) fn head(&self, bytes: u64) -> io::Result<Vec<u8>> {
        let file = native::open(&self.way.path)?;
        if !native::is_ordinary(&file.metadata()?) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut content = Vec::new();
        file.take(bytes).read_to_end(&mut content)?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_looked_at_step_by_step() {
        let root = std::env::temp_dir().join(format!("pinfold-traps-tree-{}", std::process::id()));
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/b/c"), "xyz").unwrap();
        let tree = Tree::open(&root).unwrap();
        let Thing::File(file) = tree.look(Path::new("a/b/c")) else { panic!("a file") };
        assert_eq!((file.bytes, file.head(2).unwrap()), (3, b"xy".to_vec()));
        assert!(matches!(tree.look(Path::new("a/b")), Thing::Directory));
        assert!(["a/z", "a/b/c/d", "z/y"].iter().all(|path| matches!(tree.look(Path::new(path)), Thing::Gone)));
        assert!(["", "../x", "a/../a"].iter().all(|path| !tree.exists(Path::new(path))));
        assert_eq!(tree.names(Path::new("a")).unwrap(), ["b"]);
        assert_eq!(tree.leads_to(Path::new("a/l"), &root.canonicalize().unwrap().join("x")), Some("x".into()));
        drop((file, tree));
        std::fs::remove_dir_all(root).unwrap();
    }
}
