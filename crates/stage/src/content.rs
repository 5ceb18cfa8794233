//! What files contain: read with bounds, compared, and known by digests.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use rustix::fs::SeekFrom as Position;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::limits;

/// How much is read at once.
const BLOCK_BYTES: usize = 128 << 10;
/// How much of a file is read to find out that it is no text.
const BEGIN_BYTES: usize = 4096;

/// SHA-256 of something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of what a file contains. Of files above [`limits::WHOLE_DIGEST_BYTES`], that of their length and of the number and digest
    /// of each block with anything but zeros, so that nobody has to read a hole of a terabyte.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(file: &mut File) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        file.rewind()?;
        if bytes > limits::WHOLE_DIGEST_BYTES { of_blocks(file, bytes) } else { of_whole(file, bytes) }
    }

    /// From the digits that it is shown with.
    pub fn parse(digits: &str) -> Option<Self> {
        let mut digest = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return None;
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(from)?;
        Self::parse(&digits).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

fn of_whole(file: &mut File, bytes: u64) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut block = block_for(bytes);
    // Not more, should somebody write to it meanwhile for as long as it is read.
    let mut file = file.take(bytes);
    loop {
        match fill(&mut file, &mut block)? {
            0 => return Ok(Digest(hash.finalize().into())),
            length => hash.update(&block[..length]),
        }
    }
}

fn of_blocks(file: &mut File, bytes: u64) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    hash.update(bytes.to_le_bytes());
    let mut block = vec![0; BLOCK_BYTES];
    let mut number = 0;
    // Not more, should somebody write to it meanwhile.
    while let Some(next) = next_data(file, number)?.filter(|next| next * (BLOCK_BYTES as u64) < bytes) {
        number = next;
        let length = fill(&mut file.take(bytes - number * BLOCK_BYTES as u64), &mut block)?;
        if length == 0 {
            break;
        }
        if block[..length].iter().any(|byte| *byte != 0) {
            hash.update(number.to_le_bytes());
            hash.update(Sha256::digest(&block[..length]));
        }
        number += 1;
    }
    Ok(Digest(hash.finalize().into()))
}

/// Goes to the first block from one on that has data, and says which it is.
fn next_data(file: &mut File, from: u64) -> io::Result<Option<u64>> {
    let size = BLOCK_BYTES as u64;
    let data = match rustix::fs::seek(&*file, Position::Data(from * size)) {
        Ok(data) => data,
        Err(Errno::NXIO) => return Ok(None),
        // A file system without holes.
        Err(Errno::INVAL) => from * size,
        Err(error) => return Err(error.into()),
    };
    file.seek(SeekFrom::Start(data / size * size))?;
    Ok(Some(data / size))
}

/// Reads until a buffer is full or a file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Room for a block of a file of that length, and in a short one for its end to be seen.
fn block_for(bytes: u64) -> Vec<u8> {
    vec![0; usize::try_from(bytes).map_or(BLOCK_BYTES, |bytes| BLOCK_BYTES.min(bytes.saturating_add(1)))]
}

/// Whether two files of the same length contain the same.
pub(crate) fn is_same(one: &mut File, other: &mut File, bytes: u64) -> io::Result<bool> {
    if bytes > limits::WHOLE_DIGEST_BYTES {
        return Ok(Digest::of_file(one)? == Digest::of_file(other)?);
    }
    let (mut first, mut second) = (block_for(bytes), block_for(bytes));
    let size = first.len();
    loop {
        let length = fill(one, &mut first)?;
        if fill(other, &mut second)? != length || first[..length] != second[..length] {
            return Ok(false);
        }
        if length < size {
            return Ok(true);
        }
    }
}

/// All that a file contains; nothing when that is more than a limit.
pub(crate) fn read(file: &mut File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // One more, so that the end is seen without more room.
    let expected = file.metadata()?.len().min(limit) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// All that a text contains; nothing of what is none, or longer than a limit.
pub(crate) fn read_text(file: &mut File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Most of what is no text says so at once.
    let mut begin = [0; BEGIN_BYTES];
    file.rewind()?;
    let length = fill(file, &mut begin)?;
    if !is_text(&begin[..length]) {
        return Ok(None);
    }
    file.rewind()?;
    Ok(read(file, limit)?.filter(|bytes| is_text(bytes)))
}

/// Whether there is no zero byte in it, as git sees it, which looks at the first 8,000 only.
fn is_text(bytes: &[u8]) -> bool {
    !bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = crate::testing::unnamed();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn files_are_the_same_when_each_byte_is() {
        for length in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1] {
            let bytes = vec![7; length];
            assert!(is_same(&mut file(&bytes), &mut file(&bytes), length as u64).unwrap());
            if let Some(last) = length.checked_sub(1) {
                let mut changed = bytes.clone();
                changed[last] = 8;
                assert!(!is_same(&mut file(&bytes), &mut file(&changed), length as u64).unwrap());
            }
        }
    }

    #[test]
    fn a_digest_of_blocks_does_not_tell_holes_from_zeros() {
        let mut zeros = vec![0; 3 * BLOCK_BYTES];
        zeros[2 * BLOCK_BYTES + 5] = 1;
        let mut sparse = crate::testing::unnamed();
        sparse.set_len(zeros.len() as u64).unwrap();
        sparse.seek(SeekFrom::Start(2 * BLOCK_BYTES as u64 + 5)).unwrap();
        sparse.write_all(&[1]).unwrap();
        let length = zeros.len() as u64;
        assert_eq!(of_blocks(&mut file(&zeros), length).unwrap(), of_blocks(&mut sparse, length).unwrap());
        let longer = [zeros.as_slice(), &[1; BLOCK_BYTES]].concat();
        assert_eq!(of_blocks(&mut file(&longer), length).unwrap(), of_blocks(&mut file(&zeros), length).unwrap());
        zeros[0] = 1;
        assert_ne!(of_blocks(&mut file(&zeros), length).unwrap(), of_blocks(&mut sparse, length).unwrap());
    }

    #[test]
    fn a_digest_is_read_as_it_is_shown() {
        let digest = Digest::of(b"abc");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("ba7816bf"), None);
    }
}
