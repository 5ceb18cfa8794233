//! How far sessions have come that are not closed.

use std::fs::File;

use crate::checkpoint::{self, Checkpoint, origin};
use crate::error::at;
use crate::head::{Head, Root};
use crate::key::PublicKey;
use crate::places::Places;
use crate::{LedgerError, files};

/// A record for each of them that has a checkpoint.
pub(crate) fn heads(places: &Places, key: &PublicKey) -> Result<Vec<Head>, LedgerError> {
    let mut heads = Vec::new();
    for session in places.unclosed()? {
        if let Some(Checkpoint { size, root, .. }) = last_checkpoint(places, &session, key)? {
            heads.push(Head::Running { session, size, root: Root(root) });
        }
    }
    Ok(heads)
}

fn last_checkpoint(places: &Places, id: &str, key: &PublicKey) -> Result<Option<Checkpoint>, LedgerError> {
    let origin = origin(Some(id));
    for segment in places.segments(id)?.unwrap_or_default().iter().rev() {
        let mut file = at(File::open(segment), "open", segment)?;
        if let Some(checkpoint) = at(checkpoint::last(&mut file, &origin, key), "read", segment)? {
            // Its writer may not have waited for the disk yet; what is said of it must hold after a power cut.
            at(files::sync_others(&file, segment), "sync", segment)?;
            return Ok(Some(checkpoint));
        }
    }
    Ok(None)
}
