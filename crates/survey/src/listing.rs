//! All names of a tree in one piece of memory: what a directory's listing gives, and nothing that takes another call.
//!
//! Each thread of a walk has one. An entry takes a byte for kind and mark, its inode as the difference to the one
//! before (one to five bytes as a rule), the name and a NUL: some 20 bytes.

use crate::{Kind, limits::LISTING_BYTES, sys::Device};

const KINDS: [Kind; 4] = [Kind::File, Kind::Directory, Kind::Symlink, Kind::Other];
/// Bits of an entry's first byte that tell its kind.
const KIND: u8 = 3;
/// Set in an entry's first byte if a deny rule hides it.
const DENIED: u8 = 4;

/// No device has this number.
pub(crate) const UNKNOWN: Device = 0;

/// The entries of directories, one directory after the other.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    directories: Vec<Directory>,
    bytes: Vec<u8>,
    /// The last inode.
    inode: u64,
}

#[derive(Debug, Clone, Copy)]
struct Directory {
    /// Where its entries begin; they end where the next one's begin.
    start: u32,
    device: Device,
    /// Whether all of its entries are there.
    complete: bool,
}

/// An entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) kind: Kind,
    pub(crate) inode: u64,
    /// Whether a deny rule hides it.
    pub(crate) denied: bool,
}

impl Listing {
    /// Begins the next directory.
    pub(crate) fn begin(&mut self, device: Device) {
        self.directories.push(Directory { start: self.bytes.len() as u32, device, complete: true });
        self.inode = 0;
    }

    /// Says that the directory at hand has more entries.
    pub(crate) fn mark_incomplete(&mut self) {
        if let Some(directory) = self.directories.last_mut() {
            directory.complete = false;
        }
    }

    /// Adds an entry to the directory at hand, if there is room.
    #[inline]
    pub(crate) fn push(&mut self, name_with_nul: &[u8], kind: Kind, inode: u64, denied: bool) {
        if self.bytes.len() + name_with_nul.len() > LISTING_BYTES {
            return self.mark_incomplete();
        }
        let kind = KINDS.iter().position(|known| *known == kind).unwrap_or_default() as u8;
        self.bytes.push(kind | if denied { DENIED } else { 0 });
        push_number(&mut self.bytes, zigzag(inode.wrapping_sub(self.inode)));
        self.bytes.extend_from_slice(name_with_nul);
        self.inode = inode;
    }

    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.directories.shrink_to_fit();
    }

    /// The memory that this takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.directories.capacity() * size_of::<Directory>()
    }

    /// How many directories there are.
    pub(crate) fn len(&self) -> usize {
        self.directories.len()
    }

    /// The device that a directory is on, if that is known.
    pub(crate) fn device(&self, directory: usize) -> Option<Device> {
        self.directories.get(directory).map(|directory| directory.device).filter(|device| *device != UNKNOWN)
    }

    /// Whether all entries of a directory are known.
    pub(crate) fn is_complete(&self, directory: usize) -> bool {
        self.directories.get(directory).is_some_and(|directory| directory.complete)
    }

    /// The entries of a directory, in the order of the file system.
    pub(crate) fn records(&self, directory: usize) -> Records<'_> {
        let start = |number: usize| self.directories.get(number).map(|directory| directory.start as usize);
        let end = start(directory + 1).unwrap_or(self.bytes.len());
        let rest = start(directory).and_then(|start| self.bytes.get(start..end)).unwrap_or_default();
        Records { rest, inode: 0 }
    }
}

/// Goes through the entries of one directory.
pub(crate) struct Records<'a> {
    rest: &'a [u8],
    inode: u64,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        let (&first, rest) = self.rest.split_first()?;
        let (step, rest) = take_number(rest)?;
        let (name, rest) = rest.split_at_checked(rest.iter().position(|&byte| byte == 0)?)?;
        self.rest = rest.get(1..)?;
        self.inode = self.inode.wrapping_add(unzigzag(step));
        Some(Record { name, kind: KINDS[usize::from(first & KIND)], inode: self.inode, denied: first & DENIED != 0 })
    }
}

/// Small numbers for small differences, up or down.
fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ ((difference as i64 >> 63) as u64)
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Seven bits a byte, the lowest first; the eighth says that there are more.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (place, &byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_comes_back_directory_by_directory() {
        let mut listing = Listing::default();
        let inodes = [0, 1, u64::MAX, 5, 1 << 63, 127, 128, u64::MAX - 1];
        for device in 0..3 {
            listing.begin(device);
            for (number, &inode) in inodes.iter().enumerate() {
                listing.push(format!("\u{1}{number}\0").as_bytes(), KINDS[number % 4], inode, number % 3 == 0);
            }
        }
        listing.mark_incomplete();
        listing.begin(7);
        for directory in 0..3 {
            let records: Vec<_> = listing.records(directory).collect();
            assert_eq!(records.iter().map(|record| record.inode).collect::<Vec<_>>(), inodes);
            assert_eq!(records[4], Record { name: b"\x014", kind: Kind::File, inode: 1 << 63, denied: false });
            assert_eq!(records[3], Record { name: b"\x013", kind: Kind::Other, inode: 5, denied: true });
            assert_eq!(
                (listing.device(directory).unwrap_or(0), listing.is_complete(directory)),
                (directory as u32, directory < 2)
            );
        }
        assert_eq!((listing.records(3).count(), listing.records(4).count(), listing.len()), (0, 0, 4));
    }
}
