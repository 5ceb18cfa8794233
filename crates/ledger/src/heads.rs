//! The log of sessions as a file: read whole, and added to by one process at a time.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::appender::Appender;
use crate::checkpoint::{self, Checkpoint, origin};
use crate::error::at;
use crate::files::{self, Guard};
use crate::flaw::{Flaw, What};
use crate::head::Head;
use crate::key::{PrivateKey, PublicKey};
use crate::limits::Durability;
use crate::line::Line;
use crate::merkle::{Frontier, leaf};
use crate::places::Places;
use crate::{LedgerError, Timestamp, line, tail};

/// Adds records and a checkpoint over all.
pub(crate) fn append(
    places: &Places,
    key: &Arc<PrivateKey>,
    durability: Durability,
    heads: &[Head],
) -> Result<Checkpoint, LedgerError> {
    let path = places.heads();
    let file = files::end_of().read(true).create(true).open(&path);
    let mut file = at(file, "open", &path)?;
    let guard = at(Guard::lock(&file, &path), "lock", &path)?;
    let end = at(End::find(&mut file, key), "read", &path)??;
    // What a power cut left of another process's last words.
    at(file.set_len(end.bytes), "cut", &path)?;
    let mut appender = Appender::new(Arc::clone(key), None, end.tree);
    for head in heads {
        appender.line(Timestamp::now().to_string().as_bytes(), head.body().as_bytes());
    }
    let checkpoint = appender.checkpoint(true);
    if let Err(error) = files::append(&mut file, &appender.out) {
        let _ = file.set_len(end.bytes);
        return at(Err(error), "write", &path);
    }
    // Others may go on meanwhile; what they add is on the disk only after this as well.
    at(guard.release(&file), "unlock", &path)?;
    if durability == Durability::Power {
        at(file.sync_data(), "sync", &path)?;
    }
    Ok(checkpoint)
}

/// The last checkpoint.
pub(crate) fn last_checkpoint(places: &Places, key: &PublicKey) -> Result<Option<Checkpoint>, LedgerError> {
    let (path, origin) = (places.heads(), origin(None));
    let mut file = at(File::open(&path), "open", &path)?;
    at(checkpoint::last(&mut file, &origin, key), "read", &path)
}

/// Where the log can be gone on with.
struct End {
    tree: Frontier,
    bytes: u64,
}

impl End {
    /// Behind the last checkpoint. What is behind that again is of a write that was broken off, if it ends within a
    /// line or is records of ours; it was never acknowledged. Anything else there is a flaw, on which nothing is built.
    fn find(file: &mut File, key: &PrivateKey) -> io::Result<Result<Self, LedgerError>> {
        let (origin, public) = (origin(None), key.public());
        let sums = key.sums(&origin);
        let torn = tail::is_torn(file)?;
        let found = tail::last_line(file, |text, end| {
            let line = text.strip_suffix(b"\n").unwrap_or(text);
            if let Some(tree) = tree_after(text, &origin, &public) {
                return Some(Ok(Self { tree, bytes: end }));
            }
            let parts = Line::parse(line);
            let record = parts.is_some_and(|parts| !parts.is_checkpoint()) && line::genuine(line, &sums);
            let flaw = || Flaw::of_heads(parts.map_or(0, |parts| parts.seq), What::Changed);
            (!torn && !record).then(|| Err(flaw().into()))
        })?;
        Ok(found.unwrap_or_else(|| Ok(Self { tree: Frontier::default(), bytes: 0 })))
    }
}

/// The tree of a log that ends with this line, if that is a checkpoint of it.
fn tree_after(text: &[u8], origin: &str, key: &PublicKey) -> Option<Frontier> {
    let line = text.strip_suffix(b"\n")?;
    let (checkpoint, tree) = checkpoint::from_line(line, origin, key)?;
    let empty = || (checkpoint.size == 0).then(Frontier::default);
    let mut tree = tree.or_else(empty).filter(|_| checkpoint.is_of(origin, key))?;
    tree.push(leaf(line));
    Some(tree)
}
