//! The records of the log of sessions.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::merkle::Hash;

/// One record of the log of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum Head {
    /// A session began. Before this is on the disk, its log has no line.
    Begun {
        session: String,
        /// The log of sessions had lost it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
    },
    /// A session goes on, and its log was at least so long.
    Running { session: String, size: u64, root: Root },
    /// A session ended; its log is so long.
    Ended { session: String, size: u64, root: Root },
    /// The writer of a session ended before the session did. Of its log the writer had signed the first lines; further
    /// ones were found with their sums right and signed later; what could not be a line was cut off.
    BrokenOff { session: String, size: u64, root: Root, signed: u64, cut_bytes: u64 },
    /// The log of a closed session was removed to make room.
    Pruned { session: String },
}

/// The root of a tree, as base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Root(pub(crate) Hash);

impl Head {
    /// The session that it is about.
    pub(crate) fn session(&self) -> &str {
        match self {
            Self::Begun { session, .. }
            | Self::Running { session, .. }
            | Self::Ended { session, .. }
            | Self::BrokenOff { session, .. }
            | Self::Pruned { session } => session,
        }
    }

    /// How long the session's log was, and the root of its tree.
    pub(crate) fn tree(&self) -> Option<(u64, Hash)> {
        match self {
            Self::Running { size, root, .. } | Self::Ended { size, root, .. } | Self::BrokenOff { size, root, .. } => {
                Some((*size, root.0))
            }
            Self::Begun { .. } | Self::Pruned { .. } => None,
        }
    }

    /// The members of its line's object, behind the moment.
    pub(crate) fn body(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        json.strip_prefix('{').and_then(|json| json.strip_suffix('}')).unwrap_or_default().to_owned()
    }
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| serde::de::Error::custom("no hash in base64"))
    }
}
