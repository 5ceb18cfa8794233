//! A number that is used once, to show that who reads one pipe writes the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Chunk;

/// 128 random bits, by the caller's generator. `Debug` does not show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(•••)")
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Chunk(self.0.to_vec()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Chunk(bytes) = Chunk::deserialize(deserializer)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("not 128 bits"))
    }
}
