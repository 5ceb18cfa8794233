//! Digests of files, each made once as long as the file stays as it is, from one run to the next.
//!
//! They are kept in a file with one line for each: device, inode, time of the last change in seconds and nanoseconds,
//! size in bytes, SHA-256. What cannot be read of it is made anew.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::SystemTime;

use pinfold_confine::letters::hex;
use sha2::{Digest as _, Sha256};

use super::program::{Version, open_to_read};

/// Largest file that a digest is made of, in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// How much is read for digests in one run, in bytes: the run does not pay for it, so it shall not decide how much.
const MAX_BYTES_IN_ALL: u64 = 2 << 30;
/// Most digests that are kept.
const MAX_KEPT: usize = 1 << 14;
/// Largest file of digests that is read, in bytes; a larger one is begun anew.
const MAX_FILE_BYTES: u64 = 4 << 20;
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
    /// How much may still be read.
    left_bytes: u64,
}

impl Digests {
    /// Those that are kept in this file, if it is there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: None, left_bytes: MAX_BYTES_IN_ALL }
    }

    /// The digest of a file, which is read if it comes along and is not known.
    pub(super) fn of(&mut self, version: Version, file: Option<OwnedFd>) -> Option<Digest> {
        let path = &self.path;
        let known = self.known.get_or_insert_with(|| read_kept(path).unwrap_or_default());
        if let Some(digest) = known.get(&version) {
            return Some(*digest);
        }
        let file = file?;
        self.left_bytes = self.left_bytes.checked_sub(version.bytes)?;
        let digest = make(&file, version).ok()?;
        if !version.is_fresh(SystemTime::now()) && known.len() < MAX_KEPT {
            known.insert(version, digest);
            // Then it is made again next time.
            let _ = self.keep(version, digest);
        }
        Some(digest)
    }

    fn keep(&self, version: Version, digest: Digest) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let too_large = std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > MAX_FILE_BYTES);
        options.create(true).write(true).append(!too_large).truncate(too_large).mode(0o600);
        // In one piece, so that lines of several runs do not mix.
        options.open(&self.path)?.write_all(line(version, digest).as_bytes())
    }
}

/// Reads a file, and makes sure that it was the same one at the end.
fn make(file: &OwnedFd, version: Version) -> io::Result<Digest> {
    let mut file = open_to_read(file)?;
    if version.bytes > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
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

fn line(version: Version, digest: Digest) -> String {
    let Version { device, inode, changed: (seconds, nanoseconds), bytes } = version;
    format!("{device} {inode} {seconds} {nanoseconds} {bytes} {digest}\n")
}

fn read_kept(path: &PathBuf) -> io::Result<HashMap<Version, Digest>> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().filter_map(read_line).take(MAX_KEPT).collect())
}

fn read_line(line: &str) -> Option<(Version, Digest)> {
    let fields: Vec<&str> = line.split(' ').collect();
    let [device, inode, seconds, nanoseconds, bytes, digest] = fields.try_into().ok()?;
    let changed = (seconds.parse().ok()?, nanoseconds.parse().ok()?);
    let (device, inode, bytes) = (device.parse().ok()?, inode.parse().ok()?, bytes.parse().ok()?);
    Some((Version { device, inode, changed, bytes }, Digest(unhex(digest)?)))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let pairs: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    pairs?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: Version = Version { device: 1, inode: 2, changed: (3, 4), bytes: 5 };

    #[test]
    fn a_line_is_read_back() {
        let digest = Digest(std::array::from_fn(|index| index as u8));
        let line = line(VERSION, digest);
        assert_eq!(read_line(line.trim_end()), Some((VERSION, digest)));
        for nonsense in ["", "1 2 3 4 5", "1 2 3 4 5 6", &line.replace('0', "x"), &line.replace("1 2", "-1 2")] {
            assert_eq!(read_line(nonsense.trim_end()), None, "{nonsense:?}");
        }
    }
}
