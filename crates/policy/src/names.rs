//! A fast first look at a name in a directory: could any denial match it there? Never wrong with "no".

use crate::shape::{Shape, folded, is_comparable};
use crate::ways::Trail;

/// The last components of all denials, sorted by one byte: most names are refused by their first and last byte alone.
#[derive(Debug, Clone)]
pub(crate) struct NameFilter {
    /// By its first byte, what a name may be or begin with.
    by_first: Vec<Vec<Entry>>,
    /// By its last byte, what a name may end with, whatever it begins with.
    by_last: Vec<Vec<Entry>>,
    /// Where any name may be denied.
    anything: Trail,
    fold: bool,
}

/// What a name must look like, and where.
#[derive(Debug, Clone)]
struct Entry {
    within: Trail,
    shape: Shape,
}

impl NameFilter {
    pub(crate) fn new(fold: bool) -> Self {
        let none = vec![Vec::new(); 256];
        Self { by_first: none.clone(), by_last: none, anything: 0, fold }
    }

    /// Names of this shape may be denied where a trail has one of these places.
    pub(crate) fn add(&mut self, within: Trail, shape: Shape) {
        let (first, last) = match &shape {
            Shape::Name(name) if name.is_empty() => return,
            Shape::Name(name) => (name.first(), None),
            Shape::Affixes(prefix, suffix) => (prefix.first(), suffix.last()),
        };
        let list = match (first, last) {
            (Some(first), _) => &mut self.by_first[usize::from(*first)],
            (None, Some(last)) => &mut self.by_last[usize::from(*last)],
            (None, None) => return self.anything |= within,
        };
        match list.iter_mut().find(|entry| entry.shape == shape) {
            Some(entry) => entry.within |= within,
            None => list.push(Entry { within, shape }),
        }
    }

    #[inline]
    pub(crate) fn may_match(&self, trail: Trail, name: &[u8]) -> bool {
        if trail & self.anything != 0 || !is_comparable(name, self.fold) {
            return true;
        }
        let ([first, ..], [.., last]) = (name, name) else { return false };
        let lists = [&self.by_first[self.byte(*first)], &self.by_last[self.byte(*last)]];
        if lists.iter().all(|list| list.is_empty()) {
            return false;
        }
        let name = folded(name, self.fold);
        lists.into_iter().flatten().any(|entry| trail & entry.within != 0 && entry.shape.fits(&name))
    }

    #[inline]
    fn byte(&self, byte: u8) -> usize {
        usize::from(if self.fold { byte.to_ascii_lowercase() } else { byte })
    }
}
