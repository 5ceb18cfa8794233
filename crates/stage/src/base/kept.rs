//! What files contained, one after the other in one file, each with its digest: very many small files would take longer to
//! make, and much longer to remove, than all the rest.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::content::Digest;
use crate::limits;

/// What comes before each content: its digest, and its length.
const HEAD_BYTES: usize = 40;

/// The contents that are kept.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// As soon as somebody had to know.
    found: Option<Found>,
}

/// What lies where.
#[derive(Debug, Default)]
struct Found {
    /// Where each begins, and how long it is.
    all: HashMap<Digest, (u64, u64)>,
    /// Where the last one ends; what is behind it is the half of one that somebody was killed over.
    end: u64,
}

impl Kept {
    /// Those in a file, which is made with the first of them.
    pub(super) fn open(path: PathBuf) -> Self {
        Self { path, found: None }
    }

    /// Keeps a content. False when there is no room for it.
    pub(super) fn add(&mut self, bytes: &[u8], digest: &Digest) -> io::Result<bool> {
        let path = self.path.clone();
        let found = self.found()?;
        let length = bytes.len() as u64;
        if found.all.get(digest).is_some_and(|(_, found)| *found == length) {
            return Ok(true);
        }
        let whole = HEAD_BYTES as u64 + length;
        if found.end + whole > limits::BASES_BYTES {
            return Ok(false);
        }
        // Without waiting for the disk: whatever is damaged is found by its digest, and then not used.
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.write_all_at(&[digest.0.as_slice(), &length.to_le_bytes(), bytes].concat(), found.end)?;
        found.all.insert(*digest, (found.end + HEAD_BYTES as u64, length));
        found.end += whole;
        Ok(true)
    }

    /// A content; nothing when it is not there, or is not what it was.
    pub(super) fn get(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        let looked;
        let found = match &self.found {
            Some(found) => found,
            None => {
                looked = look(&self.path)?;
                &looked
            }
        };
        let Some((begin, length)) = found.all.get(digest).filter(|(_, length)| *length <= limits::MERGE_BYTES) else {
            return Ok(None);
        };
        let mut bytes = vec![0; usize::try_from(*length).unwrap_or_default()];
        File::open(&self.path)?.read_exact_at(&mut bytes, *begin)?;
        Ok(Some(bytes).filter(|bytes| Digest::of(bytes) == *digest))
    }

    /// Removes what nobody needs any more, as soon as that is half of it.
    pub(super) fn retain(&mut self, needed: &HashSet<Digest>) -> io::Result<()> {
        let found = self.found()?;
        let of = |(_, length): &(u64, u64)| HEAD_BYTES as u64 + length;
        let used: u64 = found.all.iter().filter(|(digest, _)| needed.contains(digest)).map(|(_, at)| of(at)).sum();
        if found.end < 2 * used || found.end == 0 {
            return Ok(());
        }
        let mut contents = Vec::new();
        for digest in needed {
            let Some(bytes) = self.get(digest)? else { continue };
            contents.extend([digest.0.as_slice(), &(bytes.len() as u64).to_le_bytes(), &bytes].concat());
        }
        self.found = None;
        if contents.is_empty() { std::fs::remove_file(&self.path) } else { write_whole(&self.path, &contents) }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        look(&self.path).unwrap().all.len()
    }

    fn found(&mut self) -> io::Result<&mut Found> {
        if self.found.is_none() {
            self.found = Some(look(&self.path)?);
        }
        Ok(self.found.get_or_insert_default())
    }
}

/// Goes from one to the next.
fn look(path: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        other => other?,
    };
    let bytes = file.metadata()?.len();
    let mut head = [0; HEAD_BYTES];
    while found.end + HEAD_BYTES as u64 <= bytes {
        file.read_exact_at(&mut head, found.end)?;
        let (digest, length) = head.split_at(32);
        let digest = Digest(digest.try_into().expect("32 bytes"));
        let length = u64::from_le_bytes(length.try_into().expect("8 bytes"));
        let begin = found.end + HEAD_BYTES as u64;
        if length > bytes - begin {
            break;
        }
        found.all.insert(digest, (begin, length));
        found.end = begin + length;
    }
    Ok(found)
}

/// Writes a file that is there as a whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
