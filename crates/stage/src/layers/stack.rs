//! The layers of a stage, over the real tree.

use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

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

    fn top(&self) -> io::Result<Seen> {
        let tree = self.above.first().unwrap_or(&self.real);
        let node = tree.node(Path::new(""))?.ok_or(rustix::io::Errno::NOENT)?;
        Ok(Seen { node, layer: self.above.first().map(|_| 0) })
    }
}
