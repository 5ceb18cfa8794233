//! Rights, as the bits of an access mask (MS-DTYP 2.4.3), and what the generic ones mean for files.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

use serde::{Deserialize, Serialize};

/// Rights to an object, or a wish for them: an `ACCESS_MASK`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Access(pub u32);

impl Access {
    /// No right at all.
    pub const NONE: Self = Self(0);

    /// To read a file, or to list a directory.
    pub const FILE_READ_DATA: Self = Self(0x1);
    /// To write a file, or to make a file in a directory.
    pub const FILE_WRITE_DATA: Self = Self(0x2);
    /// To append to a file, or to make a directory in a directory.
    pub const FILE_APPEND_DATA: Self = Self(0x4);
    /// To read extended attributes.
    pub const FILE_READ_EA: Self = Self(0x8);
    /// To write extended attributes.
    pub const FILE_WRITE_EA: Self = Self(0x10);
    /// To execute a file, or to pass through a directory.
    pub const FILE_EXECUTE: Self = Self(0x20);
    /// To remove or rename whatever is in a directory, whatever the rights to it are.
    pub const FILE_DELETE_CHILD: Self = Self(0x40);
    /// To read times and flags.
    pub const FILE_READ_ATTRIBUTES: Self = Self(0x80);
    /// To write times and flags.
    pub const FILE_WRITE_ATTRIBUTES: Self = Self(0x100);

    /// To remove or rename it.
    pub const DELETE: Self = Self(0x1_0000);
    /// To read its security descriptor, but for the part about audits.
    pub const READ_CONTROL: Self = Self(0x2_0000);
    /// To write its access list.
    pub const WRITE_DAC: Self = Self(0x4_0000);
    /// To give it another owner.
    pub const WRITE_OWNER: Self = Self(0x8_0000);
    /// To wait for it.
    pub const SYNCHRONIZE: Self = Self(0x10_0000);

    /// To read and write the part of its security descriptor about audits: given by a privilege only.
    pub const SYSTEM_SECURITY: Self = Self(0x100_0000);
    /// Whatever is allowed; a wish only.
    pub const MAXIMUM_ALLOWED: Self = Self(0x200_0000);
    /// What a [`GenericMapping`] says is everything.
    pub const GENERIC_ALL: Self = Self(0x1000_0000);
    /// What it says is executing.
    pub const GENERIC_EXECUTE: Self = Self(0x2000_0000);
    /// What it says is writing.
    pub const GENERIC_WRITE: Self = Self(0x4000_0000);
    /// What it says is reading.
    pub const GENERIC_READ: Self = Self(0x8000_0000);

    /// `FILE_GENERIC_READ`.
    pub const FILE_GENERIC_READ: Self = Self(0x12_0089);
    /// `FILE_GENERIC_WRITE`.
    pub const FILE_GENERIC_WRITE: Self = Self(0x12_0116);
    /// `FILE_GENERIC_EXECUTE`.
    pub const FILE_GENERIC_EXECUTE: Self = Self(0x12_00a0);
    /// `FILE_ALL_ACCESS`.
    pub const FILE_ALL: Self = Self(0x1f_01ff);

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in it.
    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether something of `other` is in it.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// It without `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Access {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Access {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOrAssign for Access {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Not for Access {
    type Output = Self;

    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#x}", self.0)
    }
}

/// What the generic rights mean for a kind of object (`GENERIC_MAPPING`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenericMapping {
    /// [`Access::GENERIC_READ`].
    pub read: Access,
    /// [`Access::GENERIC_WRITE`].
    pub write: Access,
    /// [`Access::GENERIC_EXECUTE`].
    pub execute: Access,
    /// [`Access::GENERIC_ALL`].
    pub all: Access,
}

impl GenericMapping {
    /// Of files and directories.
    pub const FILE: Self = Self {
        read: Access::FILE_GENERIC_READ,
        write: Access::FILE_GENERIC_WRITE,
        execute: Access::FILE_GENERIC_EXECUTE,
        all: Access::FILE_ALL,
    };

    /// The rights without generic ones.
    pub fn map(&self, access: Access) -> Access {
        let generic = [
            (Access::GENERIC_READ, self.read),
            (Access::GENERIC_WRITE, self.write),
            (Access::GENERIC_EXECUTE, self.execute),
            (Access::GENERIC_ALL, self.all),
        ];
        let specific = generic.iter().fold(access, |access, (generic, _)| access.without(*generic));
        let meant = generic.iter().filter(|(generic, _)| access.holds(*generic));
        meant.fold(specific, |sum, (_, meaning)| sum | *meaning)
    }
}
