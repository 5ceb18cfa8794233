//! Checkpoints: a log's size and root, signed. As text they are what C2SP's tlog-checkpoint and signed-note describe.

use std::fmt;
use std::fs::File;
use std::io;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::Deserialize;

use crate::key::{NAME, PrivateKey, PublicKey};
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::line::Line;
use crate::merkle::{Frontier, Hash};
use crate::{LedgerError, Timestamp, tail};

/// What a log is called where it is signed, so that no checkpoint passes for that of another log. `None` is the log of
/// sessions.
pub(crate) fn origin(session: Option<&str>) -> String {
    match session {
        Some(session) => format!("{NAME}/session/{session}"),
        None => format!("{NAME}/heads"),
    }
}

/// A signed word on a whole log: so many lines, with this root.
///
/// Kept elsewhere (printed, mailed, committed), it later shows whether the ledger still holds all it held then. Its
/// text ends with a newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) time: Timestamp,
    pub(crate) key_id: [u8; 4],
    pub(crate) signature: [u8; 64],
}

impl Checkpoint {
    /// Signs a log.
    pub(crate) fn sign(key: &PrivateKey, origin: &str, size: u64, root: Hash, time: Timestamp) -> Self {
        let key_id = key.public().id();
        let mut made = Self { origin: origin.to_owned(), size, root, time, key_id, signature: [0; 64] };
        made.signature = key.sign(made.signed_text().as_bytes());
        made
    }

    /// How many lines it covers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When it was signed, by the clock of the machine that signed.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Is it the word of this key on the whole ledger?
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.is_of(&origin(None), key)
    }

    /// Is it the word of this key on the log of this origin?
    pub(crate) fn is_of(&self, origin: &str, key: &PublicKey) -> bool {
        self.origin == origin && self.key_id == key.id() && key.signed(self.signed_text().as_bytes(), &self.signature)
    }

    fn signed_text(&self) -> String {
        format!("{}\n{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root), self.time)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = BASE64.encode([self.key_id.as_slice(), &self.signature].concat());
        write!(f, "{}\n\u{2014} {NAME} {signature}\n", self.signed_text())
    }
}

impl FromStr for Checkpoint {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let small = text.len() <= CHECKPOINT_BYTES_MAX;
        small.then(|| read(text)).flatten().ok_or(LedgerError::NotACheckpoint)
    }
}

fn read(text: &str) -> Option<Checkpoint> {
    let mut lines = text.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let (time, empty, signature) = (lines.next()?, lines.next()?, lines.next()?);
    let signature = BASE64.decode(signature.strip_prefix(&format!("\u{2014} {NAME} "))?).ok()?;
    let (key_id, signature) = signature.split_first_chunk()?;
    let read = Checkpoint {
        origin: origin.to_owned(),
        size: size.parse().ok()?,
        root: BASE64.decode(root).ok()?.try_into().ok()?,
        time: Timestamp::parse(time)?,
        key_id: *key_id,
        signature: signature.try_into().ok()?,
    };
    // There is one text for each checkpoint; a missing newline at the end is forgiven to those who paste it.
    (empty.is_empty() && read.to_string().trim_end() == text.trim_end()).then_some(read)
}

/// A checkpoint as a line in the log that it signs. It covers the lines before it.
#[derive(Deserialize)]
struct InLog {
    root: String,
    signature: String,
    #[serde(default)]
    peaks: Vec<String>,
}

/// The members of the line's object, behind the moment; with what must be remembered to go on without reading the log.
pub(crate) fn body(checkpoint: &Checkpoint, remember: Option<&Frontier>) -> String {
    let (root, signature) = (BASE64.encode(checkpoint.root), BASE64.encode(checkpoint.signature));
    let mut body = format!("\"kind\":\"checkpoint\",\"root\":\"{root}\",\"signature\":\"{signature}\"");
    if let Some(tree) = remember.filter(|tree| tree.size() > 0) {
        let peaks: Vec<String> = tree.peaks().iter().map(|peak| format!("\"{}\"", BASE64.encode(peak))).collect();
        body += &format!(",\"peaks\":[{}]", peaks.join(","));
    }
    body
}

/// Reads a checkpoint from its line in the log of this origin, with the tree that it remembers. Nothing is believed
/// yet: its signature is to be checked. A line that is not exactly as it would be written, but for its sum, is none.
pub(crate) fn from_line(line: &[u8], origin: &str, key: &PublicKey) -> Option<(Checkpoint, Option<Frontier>)> {
    let parts = Line::parse(line).filter(Line::is_checkpoint)?;
    let read: InLog = serde_json::from_slice(line).ok()?;
    let checkpoint = Checkpoint {
        origin: origin.to_owned(),
        size: parts.seq,
        root: BASE64.decode(read.root).ok()?.try_into().ok()?,
        time: Timestamp::parse(std::str::from_utf8(parts.time).ok()?)?,
        key_id: key.id(),
        signature: BASE64.decode(read.signature).ok()?.try_into().ok()?,
    };
    let peaks: Option<Vec<Hash>> = read.peaks.iter().map(|peak| BASE64.decode(peak).ok()?.try_into().ok()).collect();
    let tree = Frontier::of(parts.seq, peaks?).filter(|tree| tree.root() == checkpoint.root);
    let tree = tree.filter(|_| !read.peaks.is_empty());
    (parts.body == body(&checkpoint, tree.as_ref()).as_bytes()).then_some((checkpoint, tree))
}

/// The last one in the log of this origin that is signed.
pub(crate) fn last(file: &mut File, origin: &str, key: &PublicKey) -> io::Result<Option<Checkpoint>> {
    tail::last_line(file, |text, _| {
        let (checkpoint, _) = from_line(text.strip_suffix(b"\n")?, origin, key)?;
        checkpoint.is_of(origin, key).then_some(checkpoint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        for text in ["", "a\n", "a\n1\nAA==\nx\n\n\u{2014} pinfold-ledger AA==\n", &"a\n".repeat(1000)] {
            assert!(text.parse::<Checkpoint>().is_err());
        }
    }
}
