//! The directory parts of all denials, followed on the way down a tree: which of them can still hide something here?

use crate::shape::{Shape, folded, is_comparable};

/// What the way to a directory says about the names in it: one bit for each place in a directory part that the
/// directory may be at. A walk hands it down and makes nothing of it.
pub type Trail = u128;

/// The root of the file system.
const TOP: Trail = 1;
/// Every directory.
const ANYWHERE: Trail = 2;

/// One part of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A directory with a name of this shape.
    Name(Shape),
    /// Any number of directories: `**`.
    Deep,
}

/// A part that leads from one place to a new one.
#[derive(Debug, Clone)]
struct Step {
    from: Trail,
    part: Part,
}

/// Every way begins at [`TOP`]; what two ways have in common at their start is there once.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    /// In the order of the places that they lead to, the first to [`ANYWHERE`].
    steps: Vec<Step>,
    /// The places behind a [`Part::Deep`].
    staying: Trail,
    fold: bool,
}

impl Ways {
    pub(crate) fn new(fold: bool) -> Self {
        Self { steps: vec![Step { from: TOP, part: Part::Deep }], staying: ANYWHERE, fold }
    }

    /// The place that a way leads to; [`ANYWHERE`], which is right but says little, if there is no room for it.
    pub(crate) fn lead(&mut self, way: impl IntoIterator<Item = Part>) -> Trail {
        way.into_iter().try_fold(TOP, |at, part| self.step(at, part)).unwrap_or(ANYWHERE)
    }

    fn step(&mut self, from: Trail, part: Part) -> Option<Trail> {
        if part == Part::Deep && from & self.staying != 0 {
            return Some(from);
        }
        let known = self.steps.iter().position(|step| step.from == from && step.part == part);
        let to = ANYWHERE.checked_shl(known.unwrap_or(self.steps.len()) as u32).filter(|to| *to != 0)?;
        if known.is_none() {
            self.staying |= if part == Part::Deep { to } else { 0 };
            self.steps.push(Step { from, part });
        }
        Some(to)
    }

    /// The trail at the root of the file system.
    pub(crate) fn start(&self) -> Trail {
        TOP | ANYWHERE
    }

    /// The trail in the directory `name`, where that of the directory above is known.
    pub(crate) fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        let name = is_comparable(name, self.fold).then(|| folded(name, self.fold));
        let fits = |shape: &Shape| name.as_ref().is_none_or(|name| shape.fits(name));
        let mut here = above & self.staying;
        for (index, step) in self.steps.iter().enumerate() {
            let reached = match &step.part {
                Part::Name(shape) => above & step.from != 0 && fits(shape),
                // Of no directory as well, and `from` is a place before this one.
                Part::Deep => here & step.from != 0,
            };
            here |= if reached { ANYWHERE << index } else { 0 };
        }
        here
    }
}
