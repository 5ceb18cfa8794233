//! The layers of a stage, over the real tree.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::io::Errno;

use super::directory::Directory;
use crate::node::Node;
use crate::tree::Tree;

/// Layers over a real tree.
#[derive(Debug, Clone)]
pub struct Layers {
    above: Vec<Arc<Tree>>,
    real: Arc<Tree>,
}

/// What a run sees at a path.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What it is.
    pub node: Node,
    /// The layer that holds it; nothing for the real tree.
    pub layer: Option<usize>,
}

impl Layers {
    /// The topmost layer first, each opened by [`Tree::layer`].
    pub fn new(above: Vec<Arc<Tree>>, real: Arc<Tree>) -> Self {
        Self { above, real }
    }

    /// The real tree.
    pub fn real(&self) -> &Arc<Tree> {
        &self.real
    }

    /// A layer by its number; 0 is the topmost.
    ///
    /// # Panics
    /// When there are not as many.
    pub fn layer(&self, number: usize) -> &Arc<Tree> {
        &self.above[number]
    }

    /// How many layers there are.
    pub fn count(&self) -> usize {
        self.above.len()
    }

    /// What a run sees at a path; nothing where nothing is.
    ///
    /// # Errors
    /// As [`Tree::at`].
    pub fn seen(&self, path: &Path) -> io::Result<Option<Seen>> {
        let mut directory = Directory::top(self.count());
        let mut seen = self.top()?;
        for component in path.components() {
            let Component::Normal(name) = component else { return Ok(None) };
            let opened = directory.open(self)?;
            let entry = opened.entry(name)?;
            seen = match entry.after {
                Some(node) => Seen { node, layer: Some(entry.layer) },
                None if opened.shows_real(name)? => {
                    return Ok(self.real.node(path)?.map(|node| Seen { node, layer: None }));
                }
                None => return Ok(None),
            };
            match entry.inside {
                Some(inside) => directory = inside,
                None => return Ok((entry.path == path).then_some(seen)),
            }
        }
        Ok(Some(seen))
    }

    /// The names that a run sees in a directory, in no order.
    ///
    /// # Errors
    /// As [`Tree::names`].
    pub fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut directory = Directory::top(self.count());
        for component in path.components() {
            let Component::Normal(name) = component else { return Err(Errno::INVAL.into()) };
            let opened = directory.open(self)?;
            let entry = opened.entry(name)?;
            match (entry.inside, entry.after) {
                (Some(inside), _) => directory = inside,
                (None, None) if opened.shows_real(name)? => return self.real.names(path),
                (None, _) => return Err(Errno::NOTDIR.into()),
            }
        }
        directory.open(self)?.names_seen(|| self.real.names(path))
    }

    fn top(&self) -> io::Result<Seen> {
        let tree = self.above.first().unwrap_or(&self.real);
        let node = tree.node(Path::new(""))?.ok_or(Errno::NOENT)?;
        Ok(Seen { node, layer: self.above.first().map(|_| 0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Place;

    #[test]
    fn a_directory_has_the_names_that_a_run_sees_in_it() {
        let place = Place::new();
        place.file("real/d/real", "").file("real/d/gone", "").file("1/d/below", "").file("0/d/above", "");
        place.whiteout("0/d/gone").file("real/o/real", "").file("1/o/below", "").opaque("0/o").file("0/o/above", "");
        place.file("real/r/d/x", "").whiteout("0/w").file("real/w/x", "");
        let names = |path: &str| {
            let mut names = place.layers().names(Path::new(path)).unwrap();
            names.sort();
            names
        };
        assert_eq!(names(""), ["d", "o", "r"]);
        assert_eq!(names("d"), ["above", "below", "real"]);
        assert_eq!(names("o"), ["above"]);
        assert_eq!(names("r/d"), ["x"]);
        assert!(place.layers().names(Path::new("w")).is_err());
    }
}
