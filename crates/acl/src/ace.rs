//! Entries of an access list (MS-DTYP 2.4.4).

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::bytes::{Malformed, Reader, bits};
use crate::sid::Sid;

/// What an entry says, to the system's number for it (MS-DTYP 2.4.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AceKind {
    /// `ACCESS_ALLOWED_ACE_TYPE`.
    Allow,
    /// `ACCESS_DENIED_ACE_TYPE`.
    Deny,
}

/// Whom an entry is for besides its object, and where it comes from: the flags of an entry, which it is as data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct Inherit {
    /// Files in the directory get it.
    pub files: bool,
    /// Directories in the directory get it.
    pub directories: bool,
    /// What gets it passes it on to nothing.
    pub not_further: bool,
    /// The object itself is not meant.
    pub only: bool,
    /// It came from the directory of the object.
    pub inherited: bool,
}

const OBJECT_INHERIT: u32 = 0x1;
const CONTAINER_INHERIT: u32 = 0x2;
const NO_PROPAGATE: u32 = 0x4;
const INHERIT_ONLY: u32 = 0x8;
const INHERITED: u32 = 0x10;

impl Inherit {
    /// For the object itself.
    pub const NOTHING: Self =
        Self { files: false, directories: false, not_further: false, only: false, inherited: false };
    /// For the object and everything below.
    pub const ALL: Self = Self { files: true, directories: true, ..Self::NOTHING };

    pub(crate) fn flags(self) -> u8 {
        // All of them are in the lowest byte.
        bits([
            (self.files, OBJECT_INHERIT),
            (self.directories, CONTAINER_INHERIT),
            (self.not_further, NO_PROPAGATE),
            (self.only, INHERIT_ONLY),
            (self.inherited, INHERITED),
        ]) as u8
    }

    pub(crate) fn of_flags(flags: u8) -> Self {
        let has = |flag| u32::from(flags) & flag != 0;
        Self {
            files: has(OBJECT_INHERIT),
            directories: has(CONTAINER_INHERIT),
            not_further: has(NO_PROPAGATE),
            only: has(INHERIT_ONLY),
            inherited: has(INHERITED),
        }
    }
}

impl From<u8> for Inherit {
    fn from(flags: u8) -> Self {
        Self::of_flags(flags)
    }
}

impl From<Inherit> for u8 {
    fn from(inherit: Inherit) -> Self {
        inherit.flags()
    }
}

/// An entry of a discretionary access list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ace {
    /// What it says.
    pub kind: AceKind,
    /// To whom.
    pub sid: Sid,
    /// About which rights.
    pub access: Access,
    /// For what.
    pub inherit: Inherit,
}

/// The size of an entry without its identifier, in bytes.
const HEAD_BYTES: usize = 8;

impl Ace {
    /// One that allows.
    pub fn allow(sid: Sid, access: Access, inherit: Inherit) -> Self {
        Self { kind: AceKind::Allow, sid, access, inherit }
    }

    /// One that denies.
    pub fn deny(sid: Sid, access: Access, inherit: Inherit) -> Self {
        Self { kind: AceKind::Deny, sid, access, inherit }
    }

    /// The size of its binary form, in bytes.
    pub fn size(&self) -> usize {
        HEAD_BYTES + self.sid.size()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let kind = match self.kind {
            AceKind::Allow => 0,
            AceKind::Deny => 1,
        };
        write(kind, self.inherit.flags(), self.access.0, &self.sid, out);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let raw = RawAce::read(reader)?;
        let kind = match raw.kind {
            0 => AceKind::Allow,
            1 => AceKind::Deny,
            // What is not understood may allow: nothing can be said of such a list.
            _ => return Err(reader.malformed("an entry that allows or denies")),
        };
        Ok(Self { kind, sid: raw.sid, access: Access(raw.mask), inherit: Inherit::of_flags(raw.flags) })
    }
}

/// An entry of any kind that has a mask and an identifier.
pub(crate) struct RawAce {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) mask: u32,
    pub(crate) sid: Sid,
}

impl RawAce {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [kind, flags, low, high] = reader.array()?;
        let size = usize::from(u16::from_le_bytes([low, high]));
        let mut body = reader.part(size.saturating_sub(4))?;
        let mask = u32::from_le_bytes(body.array()?);
        Ok(Self { kind, flags, mask, sid: Sid::read(&mut body)? })
    }
}

pub(crate) fn write(kind: u8, flags: u8, mask: u32, sid: &Sid, out: &mut Vec<u8>) {
    // At most 8 + 8 + 60 bytes.
    let size = (HEAD_BYTES + sid.size()) as u16;
    out.extend([kind, flags]);
    out.extend(size.to_le_bytes());
    out.extend(mask.to_le_bytes());
    sid.write(out);
}
