//! Reading strings from the memory of another process, never more than was asked for.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;

use rustix::process::Pid;

use super::sys;

/// What is read of a string at first, in bytes; most are shorter.
const FIRST_BYTES: usize = 128;
/// Most pieces that one call reads (`IOV_MAX`).
const MAX_PIECES: usize = 1024;
const POINTER_BYTES: usize = size_of::<u64>();

/// The memory of a process, by one of its threads.
#[derive(Debug, Clone, Copy)]
pub struct Memory(pub Pid);

/// Strings of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The first of them.
    pub words: Vec<OsString>,
    /// These are all, and each is as long as it was.
    pub whole: bool,
}

impl Memory {
    /// A string that ends with a NUL byte. `None`: it has more than `limit` bytes.
    pub fn string(self, address: u64, limit: usize) -> io::Result<Option<OsString>> {
        let mut strings = self.strings(&[address], limit)?;
        let last = strings.words.pop();
        Ok(last.filter(|_| strings.whole))
    }

    /// The strings that an array of pointers names, at most so many and so many bytes of all of them together.
    pub fn words(self, array: u64, most: usize, limit: usize) -> io::Result<Words> {
        if array == 0 {
            // Linux takes no array for an empty one.
            return Ok(Words { words: Vec::new(), whole: true });
        }
        let mut pointers = Vec::new();
        let mut address = array;
        let more = loop {
            let wanted = (most + 1 - pointers.len()) * POINTER_BYTES;
            let piece = Piece::at(address, wanted);
            // The pointer across the end of a page, should anybody pack them so.
            let piece = if piece.length < POINTER_BYTES { Piece { address, length: POINTER_BYTES } } else { piece };
            let bytes = self.read(&[piece])?.pop().unwrap_or_default();
            let (chunks, _) = bytes.as_chunks::<POINTER_BYTES>();
            let found = chunks.iter().map(|bytes| u64::from_ne_bytes(*bytes)).take_while(|pointer| *pointer != 0);
            let before = pointers.len();
            pointers.extend(found);
            let new = pointers.len() - before;
            if new < chunks.len() {
                break false;
            }
            if pointers.len() > most {
                break true;
            }
            address = address.saturating_add((new * POINTER_BYTES) as u64);
        };
        pointers.truncate(most);
        let words = self.strings(&pointers, limit)?;
        Ok(Words { whole: words.whole && !more, ..words })
    }

    /// Reads a piece of each string in one call, then the next pieces of those that go on.
    fn strings(self, addresses: &[u64], limit: usize) -> io::Result<Words> {
        let mut words = vec![Vec::new(); addresses.len()];
        let mut open: Vec<usize> = (0..addresses.len()).collect();
        let mut left = limit;
        let mut piece_bytes = FIRST_BYTES;
        while !open.is_empty() && left > 0 {
            let next = |index: &usize| {
                let (address, known) = (addresses.get(*index)?, words.get(*index)?);
                Some(Piece::at(address.wrapping_add(known.len() as u64), piece_bytes))
            };
            let most = (left / piece_bytes + 1).min(MAX_PIECES);
            let pieces: Vec<Piece> = open.iter().take(most).filter_map(next).collect();
            let read = self.read(&pieces)?;
            let (now, later) = open.split_at(pieces.len());
            let mut go_on = Vec::new();
            for (index, mut bytes) in now.iter().zip(read) {
                let end = bytes.iter().position(|byte| *byte == 0);
                bytes.truncate(end.unwrap_or(bytes.len()).min(left));
                left -= bytes.len();
                if end != Some(bytes.len()) {
                    go_on.push(*index);
                }
                words[*index].extend(bytes);
            }
            open = [go_on.as_slice(), later].concat();
            piece_bytes = 4096;
        }
        let whole = open.is_empty();
        // What was not begun is not an empty argument.
        let not_begun = |index: &&usize| words.get(**index).is_some_and(Vec::is_empty);
        words.truncate(open.iter().filter(not_begun).min().copied().unwrap_or(words.len()));
        Ok(Words { words: words.into_iter().map(OsString::from_vec).collect(), whole })
    }

    /// So many bytes, which must all be there.
    pub fn bytes(self, address: u64, length: usize) -> io::Result<Vec<u8>> {
        Ok(self.read(&[Piece { address, length }])?.pop().unwrap_or_default())
    }

    /// A number of eight bytes.
    pub(super) fn number(self, address: u64) -> io::Result<u64> {
        let bytes = self.bytes(address, POINTER_BYTES)?;
        Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes)))
    }

    fn read(self, pieces: &[Piece]) -> io::Result<Vec<Vec<u8>>> {
        sys::read_memory(self.0, pieces)
    }
}

/// Some bytes of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) address: u64,
    pub(super) length: usize,
}

impl Piece {
    /// At most so many bytes, within one page: the next may not be there.
    fn at(address: u64, length: usize) -> Self {
        let page = rustix::param::page_size();
        let to_the_end = page - (address as usize & (page - 1));
        Self { address, length: length.min(to_the_end) }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn own() -> Memory {
        Memory(rustix::process::getpid())
    }

    /// Strings in this process, and the array that names them.
    fn array(strings: &[CString]) -> Vec<u64> {
        strings.iter().map(|string| string.as_ptr() as u64).chain([0]).collect()
    }

    #[test]
    fn words_are_read_whole() {
        let strings = ["ls", "", "-l"].map(|word| CString::new(word).unwrap());
        let read = own().words(array(&strings).as_ptr() as u64, 10, 100).unwrap();
        assert_eq!(read, Words { words: vec!["ls".into(), "".into(), "-l".into()], whole: true });
    }

    #[test]
    fn long_words_are_read_over_the_ends_of_pages() {
        let long = "x".repeat(3 * 4096 + 17);
        let strings = [long.as_str(), "short", long.as_str()].map(|word| CString::new(word).unwrap());
        let read = own().words(array(&strings).as_ptr() as u64, 10, 100_000).unwrap();
        assert_eq!((read.words, read.whole), (vec![long.clone().into(), "short".into(), long.into()], true));
    }

    #[test]
    fn what_is_too_much_is_left_out_and_said() {
        let strings: Vec<CString> = (0..2000).map(|number| CString::new(format!("word {number}")).unwrap()).collect();
        let array = array(&strings);
        let few = own().words(array.as_ptr() as u64, 3, 1000).unwrap();
        assert_eq!((few.words.len(), few.whole), (3, false));
        let all = own().words(array.as_ptr() as u64, 2000, 100_000).unwrap();
        assert_eq!((all.words.len(), all.whole), (2000, true));
        let short = own().words(array.as_ptr() as u64, 2000, 10).unwrap();
        let bytes: usize = short.words.iter().map(|word| word.as_bytes().len()).sum();
        assert_eq!((bytes, short.whole), (10, false));
    }

    #[test]
    fn a_string_has_a_limit() {
        let string = CString::new("a path").unwrap();
        let address = string.as_ptr() as u64;
        assert_eq!(own().string(address, 6).unwrap(), Some("a path".into()));
        assert_eq!(own().string(address, 5).unwrap(), None);
    }

    #[test]
    fn addresses_of_nothing_are_errors() {
        for nowhere in [1, u64::MAX, 1 << 63] {
            assert!(own().string(nowhere, 100).is_err(), "{nowhere:#x}");
            assert!(own().words(nowhere, 10, 100).is_err(), "{nowhere:#x}");
        }
        assert!(own().words([1_u64, 0].as_ptr() as u64, 10, 100).is_err());
        assert_eq!(own().words(0, 10, 100).unwrap(), Words { words: Vec::new(), whole: true });
    }
}
