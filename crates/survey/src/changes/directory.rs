//! What was in one directory before, to meet its entries of now.

use std::collections::HashMap;

use crate::listing::{Record, Records};

/// The entries of before. One is made for many directories, to keep its memory.
#[derive(Default)]
pub(super) struct Past<'a> {
    records: Vec<Record<'a>>,
    met: Vec<bool>,
    /// Where the next one should be: a directory that did not change gives its entries in the same order.
    next: usize,
    /// Where each name is, once the order was found to differ.
    places: HashMap<&'a [u8], usize>,
}

impl<'a> Past<'a> {
    /// Begins with another directory.
    pub(super) fn begin(&mut self, records: Records<'a>) {
        self.records.clear();
        self.records.extend(records);
        self.met.clear();
        self.met.resize(self.records.len(), false);
        self.next = 0;
        self.places.clear();
    }

    /// The entry that had this name; it counts as met.
    #[inline]
    pub(super) fn meet(&mut self, name: &[u8]) -> Option<Record<'a>> {
        let expected = self.records.get(self.next).is_some_and(|record| record.name == name);
        let place = if expected { self.next } else { self.find(name)? };
        self.next = place + 1;
        if let Some(met) = self.met.get_mut(place) {
            *met = true;
        }
        self.records.get(place).copied()
    }

    /// The entries that were not met.
    pub(super) fn left(&self) -> impl Iterator<Item = Record<'a>> {
        self.records.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(record, _)| *record)
    }

    fn find(&mut self, name: &[u8]) -> Option<usize> {
        if self.places.is_empty() {
            self.places.extend(self.records.iter().enumerate().map(|(place, record)| (record.name, place)));
        }
        self.places.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, listing::Listing};

    #[test]
    fn entries_are_met_in_any_order_and_what_is_left_was_not_met() {
        let mut listing = Listing::default();
        for names in [[b"a\0", b"b\0", b"c\0", b"d\0"], [b"e\0", b"f\0", b"g\0", b"h\0"]] {
            listing.begin(0);
            names.iter().for_each(|name| listing.push(*name, Kind::File, 1, false));
        }
        let mut past = Past::default();
        for (directory, (names, left)) in [("adxb", "c"), ("efgh", "")].into_iter().enumerate() {
            past.begin(listing.records(directory));
            for name in names.bytes() {
                assert_eq!(past.meet(&[name]).map(|record| record.name), (name != b'x').then_some(&[name][..]));
            }
            assert_eq!(past.left().map(|record| record.name[0] as char).collect::<String>(), left);
        }
    }
}
