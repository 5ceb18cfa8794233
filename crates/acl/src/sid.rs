//! Security identifiers (MS-DTYP 2.4.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bytes::{Malformed, Reader};

/// Most parts behind the authority (`SID_MAX_SUB_AUTHORITIES`).
const PARTS_MAX: usize = 15;
/// The only revision there is.
const REVISION: u8 = 1;

/// Who: a user, a group, a logon session, or nobody at all, as a synthetic one is. As data it is its text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sid {
    /// 48 bits.
    authority: u64,
    count: u8,
    parts: [u32; PARTS_MAX],
}

/// Why a text is no security identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no security identifier: S-1-AUTHORITY-PART…, at most {PARTS_MAX} parts")]
pub struct SidError(String);

impl Sid {
    /// `S-1-1-0`.
    pub const EVERYONE: Self = Self::known(1, [0]);
    /// `S-1-3-0`: in an inheritable entry, whoever makes the child.
    pub const CREATOR_OWNER: Self = Self::known(3, [0]);
    /// `S-1-3-1`: likewise that one's primary group.
    pub const CREATOR_GROUP: Self = Self::known(3, [1]);
    /// `S-1-3-4`: the owner, who then has no other rights for being that.
    pub const OWNER_RIGHTS: Self = Self::known(3, [4]);
    /// `S-1-5-12`: for restricted programs; some objects of the system name it.
    pub const RESTRICTED: Self = Self::known(5, [12]);
    /// `S-1-5-18`.
    pub const SYSTEM: Self = Self::known(5, [18]);
    /// `S-1-5-32-544`.
    pub const ADMINISTRATORS: Self = Self::known(5, [32, 544]);
    /// `S-1-5-32-545`.
    pub const USERS: Self = Self::known(5, [32, 545]);

    /// `S-1-5-32-NUMBER`, a group that every machine has.
    pub const fn builtin(number: u32) -> Self {
        Self::known(5, [32, number])
    }

    const fn known<const N: usize>(authority: u64, given: [u32; N]) -> Self {
        let mut parts = [0; PARTS_MAX];
        let mut place = 0;
        while place < N {
            parts[place] = given[place];
            place += 1;
        }
        Self { authority, count: N as u8, parts }
    }

    /// One with these parts; `None` when there are too many, or the authority has more than 48 bits.
    pub fn new(authority: u64, parts: &[u32]) -> Option<Self> {
        let mut all = [0; PARTS_MAX];
        all.get_mut(..parts.len())?.copy_from_slice(parts);
        (authority >> 48 == 0).then_some(Self { authority, count: parts.len() as u8, parts: all })
    }

    /// What stands behind the authority.
    pub fn parts(&self) -> &[u32] {
        self.parts.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The 48 bits of the authority.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The size of its binary form, in bytes.
    pub fn size(&self) -> usize {
        8 + 4 * self.parts().len()
    }

    /// Its binary form (MS-DTYP 2.4.2.2).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size());
        self.write(&mut bytes);
        bytes
    }

    /// From its binary form, which may be followed by anything.
    ///
    /// # Errors
    /// When it is cut off, has too many parts, or is of another revision.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::read(&mut Reader::new(bytes))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([REVISION, self.count]);
        out.extend(&self.authority.to_be_bytes()[2..]);
        self.parts().iter().for_each(|part| out.extend(part.to_le_bytes()));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [revision, count] = reader.array()?;
        let [a, b, c, d, e, f] = reader.array()?;
        if revision != REVISION || usize::from(count) > PARTS_MAX {
            return Err(reader.malformed("a security identifier"));
        }
        let mut parts = [0; PARTS_MAX];
        for part in parts.iter_mut().take(count.into()) {
            *part = u32::from_le_bytes(reader.array()?);
        }
        Ok(Self { authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]), count, parts })
    }
}

impl TryFrom<String> for Sid {
    type Error = SidError;

    fn try_from(text: String) -> Result<Self, SidError> {
        text.parse()
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> Self {
        sid.to_string()
    }
}

impl fmt::Display for Sid {
    /// As MS-DTYP 2.4.2.1 has it: large authorities in hexadecimal.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.authority) {
            Ok(authority) => write!(out, "S-1-{authority}")?,
            Err(_) => write!(out, "S-1-{:#014x}", self.authority)?,
        }
        self.parts().iter().try_for_each(|part| write!(out, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let parse = || {
            let (authority, parts) = match text.strip_prefix("S-1-")?.split_once('-') {
                Some((authority, parts)) => (authority, parts.split('-').map(number).collect::<Option<Vec<u32>>>()?),
                None => (text.strip_prefix("S-1-")?, Vec::new()),
            };
            let authority = match authority.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 12)?,
                None => number(authority)?.into(),
            };
            Self::new(authority, &parts)
        };
        parse().ok_or_else(|| SidError(text.chars().take(200).collect()))
    }
}

/// A decimal number without sign.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_are_those_of_the_specification() {
        let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        assert_eq!(Sid::ADMINISTRATORS.to_bytes(), administrators);
        for text in ["S-1-5-32-544", "S-1-1-0", "S-1-0x1234567890ab-1", "S-1-5", "S-1-5-21-4294967295-0-1-1001"] {
            let sid: Sid = text.parse().unwrap();
            assert_eq!(sid.to_string(), text);
            let bytes = sid.to_bytes();
            assert_eq!((Sid::parse(&bytes).as_ref(), bytes.len()), (Ok(&sid), sid.size()));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let many = format!("S-1-5{}", "-1".repeat(16));
        for text in ["", "S-1-", "S-2-5-1", "s-1-5", "S-1-5-", "S-1-5-+1", "S-1-5-4294967296", "S-1-0x1-1", &many] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        assert!(Sid::new(1 << 48, &[]).is_none());
        for bytes in [
            &[2, 0, 0, 0, 0, 0, 0, 5][..],
            &[1, 16, 0, 0, 0, 0, 0, 5],
            &[1, 1, 0, 0, 0, 0, 0, 5, 1, 2, 3],
            &[1, 2, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0],
        ] {
            assert!(Sid::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
