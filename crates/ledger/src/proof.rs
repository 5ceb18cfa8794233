//! That an event is in a ledger, shown to somebody who has nothing but the ledger's public key.

use serde::{Deserialize, Serialize};

use crate::head::{Head, Root};
use crate::key::PublicKey;
use crate::limits::PROOF_BYTES_MAX;
use crate::line::Line;
use crate::lines::Lines;
use crate::merkle::{Hash, leaf, path, root_by_path};
use crate::places::check_name;
use crate::{Checkpoint, Ledger, LedgerError, Record, heads};

/// The form of proofs.
const VERSION: u32 = 1;

/// An event with all that shows that it was recorded: the way from its line to the root of its session's log, the
/// record of that root in the log of sessions, and the way from there to a signed checkpoint. JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Proof {
    version: u32,
    session: String,
    /// The line of the event.
    event: Included,
    /// The line in the log of sessions that tells size and root of the session's log.
    head: Included,
    /// The signed checkpoint of the log of sessions.
    checkpoint: String,
}

/// A line and the hashes from it to a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Included {
    line: String,
    path: Vec<Root>,
}

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It is larger than any proof.
    #[error("it is larger than {PROOF_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no proof, or of a version that is not known.
    #[error("it is not a proof of version {VERSION}")]
    Form(#[source] Option<serde_json::Error>),
    /// The checkpoint is not signed by the key.
    #[error("its checkpoint is not signed by this key")]
    Signature,
    /// The session's record is not in the log that was signed.
    #[error("the session's record is not in the log of sessions that was signed")]
    Head,
    /// The event is not in the session's log.
    #[error("the event is not in the log of the session")]
    Event,
}

impl Proof {
    /// Reads a proof. Nothing is believed yet.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(ProofError::TooLarge);
        }
        let proof: Self = serde_json::from_str(text).map_err(|error| ProofError::Form(Some(error)))?;
        if proof.version == VERSION { Ok(proof) } else { Err(ProofError::Form(None)) }
    }

    /// The session that the event is said to be of.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The proven event. Needs no ledger: what is believed is the key alone.
    pub fn verify(&self, key: &PublicKey) -> Result<Record, ProofError> {
        let checkpoint: Checkpoint = self.checkpoint.parse().map_err(|_| ProofError::Form(None))?;
        if !checkpoint.is_signed_by(key) {
            return Err(ProofError::Signature);
        }
        if self.head.root(checkpoint.size) != Some(checkpoint.root) {
            return Err(ProofError::Head);
        }
        let head: Head = serde_json::from_str(&self.head.line).map_err(|_| ProofError::Head)?;
        let (size, root) = head.tree().filter(|_| head.session() == self.session).ok_or(ProofError::Head)?;
        if self.event.root(size) != Some(root) {
            return Err(ProofError::Event);
        }
        serde_json::from_str(&self.event.line).map_err(|_| ProofError::Event)
    }
}

impl Included {
    /// The root of a log so long that the path leads to, from the place that the line tells.
    fn root(&self, size: u64) -> Option<Hash> {
        let line = self.line.as_bytes();
        let path: Vec<Hash> = self.path.iter().map(|root| root.0).collect();
        root_by_path(leaf(line), Line::parse(line)?.seq, size, &path)
    }

    /// The line at a place, and its path in the log of the first `size` lines.
    fn of(mut lines: Lines, seq: u64, size: u64) -> Result<Option<Self>, LedgerError> {
        let (mut leaves, mut found) = (Vec::new(), None);
        while let Some(piece) = lines.next()?.filter(|_| (leaves.len() as u64) < size) {
            if leaves.len() as u64 == seq {
                found = std::str::from_utf8(piece.bytes).ok().map(str::to_owned);
            }
            leaves.push(leaf(piece.bytes));
        }
        let index = usize::try_from(seq).unwrap_or(usize::MAX);
        let whole = leaves.len() as u64 == size && index < leaves.len();
        Ok(found
            .filter(|_| whole)
            .map(|line| Self { line, path: path(&leaves, index).into_iter().map(Root).collect() }))
    }
}

impl Ledger {
    /// A proof that an event is in the ledger. Of a session that is not closed it is made for a checkpoint of now, so
    /// that the private key is needed.
    pub fn prove(&self, session: &str, seq: u64) -> Result<Proof, LedgerError> {
        check_name(session)?;
        let missing = || LedgerError::NoEvent { session: session.to_owned(), seq };
        let Some(segments) = self.places.segments(session)? else { return Err(self.missing(session)?) };
        let (place, size) = match self.head_with(session, seq)? {
            Some(head) => head,
            None => {
                self.checkpoint()?;
                self.head_with(session, seq)?.ok_or_else(missing)?
            }
        };
        let event = Included::of(Lines::new(segments), seq, size)?.ok_or_else(missing)?;
        let checkpoint = heads::last_checkpoint(&self.places, &self.public)?.ok_or_else(missing)?;
        let heads = Lines::new(vec![self.places.heads()]);
        let head = Included::of(heads, place, checkpoint.size)?.ok_or_else(missing)?;
        let proof =
            Proof { version: VERSION, session: session.to_owned(), event, head, checkpoint: checkpoint.to_string() };
        // A proof of a ledger with a flaw is none, and not to be handed out.
        proof.verify(&self.public).map_err(|_| missing())?;
        Ok(proof)
    }

    /// Where the log of sessions has the first record of a session's log that is long enough, and how long that was.
    fn head_with(&self, session: &str, seq: u64) -> Result<Option<(u64, u64)>, LedgerError> {
        let heads = self.heads()?;
        let of = heads.iter().filter(|placed| placed.head.session() == session);
        let sizes = of.filter_map(|placed| Some((placed.seq, placed.head.tree()?.0)));
        Ok(sizes.into_iter().find(|(_, size)| *size > seq))
    }
}
