//! The ledger as a whole.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::at;
use crate::key::{PrivateKey, PublicKey};
use crate::limits::{Durability, Limits};
use crate::places::{Places, check_name, make_directory, sync_directory};
use crate::records::{self, Records};
use crate::{Checkpoint, LedgerError, Record, Writer, files, heads, running};

/// The record of all sessions of a user: a directory.
///
/// Any number of processes and threads may use one at the same time, each with a `Ledger` of its own or a clone.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) places: Places,
    pub(crate) public: PublicKey,
    pub(crate) private: Option<Arc<PrivateKey>>,
    pub(crate) limits: Limits,
    pub(crate) durability: Durability,
}

impl Ledger {
    /// Opens the owner's ledger in a directory, which is made with a new key if there is none.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, LedgerError> {
        let places = Places::new(directory.into());
        for directory in [places.root(), &places.sessions(), &places.running()] {
            make_directory(directory)?;
        }
        let private = match PrivateKey::read(&places.key())? {
            Some(key) => key,
            None => new_key(&places)?,
        };
        let (public, private) = (private.public(), Arc::new(private));
        Ok(Self {
            places,
            public,
            private: Some(private),
            limits: Limits::default(),
            durability: Durability::default(),
        })
    }

    /// Opens a ledger, or a copy of one, to read and verify it by a public key that the reader knows. Nothing is
    /// written. Without the private key a flaw can be named less exactly.
    pub fn for_reading(directory: impl Into<PathBuf>, public: PublicKey) -> Self {
        Self {
            places: Places::new(directory.into()),
            public,
            private: None,
            limits: Limits::default(),
            durability: Durability::default(),
        }
    }

    /// With other limits for the sessions that it begins.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// With another durability of the sessions that it begins.
    pub fn with_durability(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// The key by which all is verified. Whoever can write the directory can replace key and ledger together: a third
    /// party keeps the key it was told first.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Begins a session. What is appended is gathered at once; nothing waits for the disk here.
    pub fn begin(&self, id: &str) -> Result<Writer, LedgerError> {
        check_name(id)?;
        Writer::begin(self.clone(), Arc::clone(self.key()?), id)
    }

    /// The events of a session, in order, as far as they are written.
    pub fn records(&self, id: &str) -> Result<Records, LedgerError> {
        check_name(id)?;
        match self.places.segments(id)? {
            Some(segments) => Ok(Records::new(id, segments)),
            None => Err(self.missing(id)?),
        }
    }

    /// The last event of a session, without reading what is before it; nothing where it cannot be read.
    pub fn last_record(&self, id: &str) -> Result<Option<Record>, LedgerError> {
        check_name(id)?;
        match self.places.segments(id)? {
            Some(segments) => records::last(&segments),
            None => Err(self.missing(id)?),
        }
    }

    /// A signed word on the whole ledger as it is now, of sessions that run as far as their events are committed.
    pub fn checkpoint(&self) -> Result<Checkpoint, LedgerError> {
        let key = self.key()?;
        heads::append(&self.places, key, Durability::Power, &running::heads(&self.places, &self.public)?)
    }

    /// Why there is no log of a session.
    pub(crate) fn missing(&self, id: &str) -> Result<LedgerError, LedgerError> {
        let session = self.sessions()?.into_iter().find(|session| session.id == id);
        Ok(match session {
            Some(session) if session.pruned => LedgerError::Pruned(id.to_owned()),
            _ => LedgerError::NoSession(id.to_owned()),
        })
    }

    pub(crate) fn key(&self) -> Result<&Arc<PrivateKey>, LedgerError> {
        self.private.as_ref().ok_or(LedgerError::ReadingOnly)
    }
}

fn new_key(places: &Places) -> Result<PrivateKey, LedgerError> {
    let (path, public) = (places.key(), places.public_key());
    let _lock = at(files::lock_directory(places.root()), "lock", places.root())?;
    // Another process may have been first.
    if let Some(key) = PrivateKey::read(&path)? {
        return Ok(key);
    }
    // Another key would make all that is there look forged.
    if places.heads().exists() {
        return Err(LedgerError::Key { path, why: "is missing, but there are records that it signed" });
    }
    PrivateKey::make(&path)?;
    let key = PrivateKey::read(&path)?.ok_or(LedgerError::Key { path, why: "vanished" })?;
    at(std::fs::write(&public, format!("{}\n", key.public())), "write", &public)?;
    sync_directory(places.root())?;
    Ok(key)
}
