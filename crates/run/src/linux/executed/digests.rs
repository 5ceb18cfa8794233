//! Digests of files, each made once as long as the file stays as it is, from one run to the next.
//!
//! They are kept in a file with an entry for each: device, inode, time of the last change in seconds and nanoseconds,
//! and size in bytes as numbers of eight bytes in the machine's order, then the SHA-256. Every run reads all of it.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pinfold_confine::hex;
use sha2::{Digest as _, Sha256};

use super::program::{Version, is_read_only, open_to_read};

/// Largest file that a digest is made of, in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// How much is read for digests in one run, in bytes: the run does not pay for it, so it shall not decide how much.
const MAX_BYTES_IN_ALL: u64 = 2 << 30;
/// Most entries of a file; one with more is begun anew, and so is one that does not end with a whole one.
const MAX_KEPT: usize = 1 << 13;
/// Most digests that are known in one run.
const MAX_KNOWN: usize = 1 << 16;
/// The size of an entry, and of the numbers in it.
const ENTRY_BYTES: usize = NUMBERS_BYTES + 32;
const NUMBERS_BYTES: usize = 5 * 8;
/// How much of a file is read at once, in bytes.
const CHUNK_BYTES: usize = 128 << 10;

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(self.0))
    }
}

/// What is known of files.
pub(super) struct Digests {
    path: PathBuf,
    /// `None` before the first question.
    known: Option<HashMap<Version, Digest>>,
    /// The file is to be begun anew.
    anew: bool,
    /// How much may still be read.
    left_bytes: u64,
}

impl Digests {
    /// Those that are kept in this file, if it is there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: None, anew: false, left_bytes: MAX_BYTES_IN_ALL }
    }

    /// The digest of a file, which is read if it comes along and is not known.
    pub(super) fn of(&mut self, version: Version, file: Option<OwnedFd>) -> Option<Digest> {
        let known = self.known.get_or_insert_with(|| {
            let kept = read_kept(&self.path);
            self.anew = kept.is_none();
            kept.unwrap_or_default()
        });
        if let Some(digest) = known.get(&version) {
            return Some(*digest);
        }
        let file = file.filter(|_| version.bytes <= MAX_BYTES)?;
        self.left_bytes = self.left_bytes.checked_sub(version.bytes)?;
        let digest = make(&file, version).ok()?;
        if !version.is_fresh(SystemTime::now()) && known.len() < MAX_KNOWN {
            known.insert(version, digest);
            // What the run can write it can also write through a mapping, which no time tells of: the next run looks anew.
            if is_read_only(&file) {
                self.keep(version, digest);
            }
        }
        Some(digest)
    }

    /// Where that cannot be, it is made again in the next run.
    fn keep(&mut self, version: Version, digest: Digest) {
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(!self.anew).truncate(self.anew).mode(0o600);
        // In one piece, so that those of several runs do not mix.
        let kept = options.open(&self.path).and_then(|mut file| file.write_all(&entry(version, digest)));
        // Half an entry displaces all behind it.
        self.anew = kept.is_err();
    }
}

/// Reads a file, and makes sure that it was the same one at the end.
fn make(file: &OwnedFd, version: Version) -> io::Result<Digest> {
    let mut file = open_to_read(file)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = version.bytes;
    while left > 0 {
        let length = file.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        digest.update(chunk.get(..length).unwrap_or_default());
        left = left.saturating_sub(length as u64);
    }
    if Version::of_file(&file)? != version {
        return Err(io::ErrorKind::StaleNetworkFileHandle.into());
    }
    Ok(Digest(digest.finalize().into()))
}

/// The digests in a file, if it is as it should be. One that cannot be read is added to.
fn read_kept(path: &Path) -> Option<HashMap<Version, Digest>> {
    let (mut bytes, bytes_max) = (Vec::new(), MAX_KEPT * ENTRY_BYTES);
    let read = File::open(path).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes));
    if read.is_err() {
        return Some(HashMap::new());
    }
    let (entries, torn) = bytes.as_chunks();
    let sound = torn.is_empty() && bytes.len() <= bytes_max;
    sound.then(|| entries.iter().filter_map(read_entry).collect())
}

fn entry(version: Version, digest: Digest) -> Vec<u8> {
    let Version { device, inode, changed: (seconds, nanoseconds), bytes } = version;
    let numbers = [device, inode, seconds.cast_unsigned(), nanoseconds.cast_unsigned(), bytes];
    [numbers.map(u64::to_ne_bytes).as_flattened(), &digest.0].concat()
}

fn read_entry(entry: &[u8; ENTRY_BYTES]) -> Option<(Version, Digest)> {
    let (numbers, digest) = entry.split_first_chunk::<NUMBERS_BYTES>()?;
    let numbers: [[u8; 8]; 5] = numbers.as_chunks().0.try_into().ok()?;
    let [device, inode, seconds, nanoseconds, bytes] = numbers.map(u64::from_ne_bytes);
    let changed = (seconds.cast_signed(), nanoseconds.cast_signed());
    Some((Version { device, inode, changed, bytes }, Digest(digest.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(inode: u64) -> Version {
        Version { device: 1, inode, changed: (-3, 4), bytes: 5 }
    }

    #[test]
    fn what_is_kept_is_read_back_and_a_file_that_is_torn_or_full_begun_anew() {
        let path = std::env::temp_dir().join(format!("pinfold-digests-{}", std::process::id()));
        let digest = Digest(std::array::from_fn(|index| index as u8));
        let keep = |inode| {
            let mut digests = Digests::new(path.clone());
            digests.of(version(0), None);
            digests.keep(version(inode), digest);
        };
        (1..=2).for_each(keep);
        let kept = read_kept(&path).expect("a whole file");
        assert_eq!(kept, HashMap::from([(version(1), digest), (version(2), digest)]));
        let torn = std::fs::read(&path).expect("a file");
        let full = entry(version(9), digest).repeat(MAX_KEPT + 1);
        for unsound in [&torn[1..], &full[..]] {
            std::fs::write(&path, unsound).expect("written");
            assert_eq!(read_kept(&path), None);
            keep(3);
            assert_eq!(read_kept(&path), Some(HashMap::from([(version(3), digest)])));
        }
        std::fs::remove_file(&path).expect("removed");
    }
}
