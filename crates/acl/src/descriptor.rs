//! Security descriptors (MS-DTYP 2.4.6), as far as they count in a decision over a file.

use serde::{Deserialize, Serialize};

use crate::ace::{self, Inherit, RawAce};
use crate::acl::{self, Acl};
use crate::bytes::{Malformed, Reader, bits};
use crate::inherit::Child;
use crate::sid::Sid;
use crate::token::Level;

/// Whose an object is, and who may do what to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The owner.
    pub owner: Sid,
    /// The primary group, which counts for nothing but inheritance.
    pub group: Sid,
    /// The discretionary list. Without one everybody may do everything; with an empty one nobody may do anything.
    pub dacl: Option<Acl>,
    /// The integrity of the object; without one it is that of ordinary programs.
    pub label: Option<Label>,
    /// Nothing is inherited into the list any more (`SE_DACL_PROTECTED`).
    pub protected: bool,
}

/// What those of lower integrity may not do (`SYSTEM_MANDATORY_LABEL_ACE`, MS-DTYP 2.4.4.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Label {
    /// The integrity of the object.
    pub level: Level,
    /// Who has less may not write.
    pub no_write_up: bool,
    /// Nor read.
    pub no_read_up: bool,
    /// Nor execute.
    pub no_execute_up: bool,
    /// What else it is for, and where it comes from.
    pub inherit: Inherit,
}

impl Label {
    /// That of an object without one.
    pub const DEFAULT: Self = Self::new(Level::MEDIUM, Inherit::NOTHING);

    /// One that keeps from writing who has less.
    pub const fn new(level: Level, inherit: Inherit) -> Self {
        Self { level, no_write_up: true, no_read_up: false, no_execute_up: false, inherit }
    }

    /// What a new file or directory gets of it in a directory that has it.
    pub fn inherited(self, child: Child) -> Option<Self> {
        let Inherit { files, directories, not_further, .. } = self.inherit;
        let own = Inherit { inherited: true, ..Inherit::NOTHING };
        match child {
            Child::File => files.then_some(Self { inherit: own, ..self }),
            Child::Directory if not_further => directories.then_some(Self { inherit: own, ..self }),
            Child::Directory => (files || directories)
                .then_some(Self { inherit: Inherit { files, directories, only: !directories, ..own }, ..self }),
        }
    }
}

const REVISION: u8 = 1;
const DACL_PRESENT: u16 = 0x4;
const SACL_PRESENT: u16 = 0x10;
const DACL_PROTECTED: u16 = 0x1000;
const SELF_RELATIVE: u16 = 0x8000;
/// The size of what comes before the parts, in bytes.
const HEAD_BYTES: u32 = 20;

const LABEL_KIND: u8 = 0x11;
const LABEL_AUTHORITY: u64 = 16;
const NO_WRITE_UP: u32 = 1;
const NO_READ_UP: u32 = 2;
const NO_EXECUTE_UP: u32 = 4;

impl Descriptor {
    /// One without a label, which inherits.
    pub fn new(owner: Sid, group: Sid, dacl: Option<Acl>) -> Self {
        Self { owner, group, dacl, label: None, protected: false }
    }

    /// Its self-relative form; `None` when its list would be too large.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let label = self.label.map(Label::to_bytes);
        let sacl = if let Some(list) = label { Some(list?) } else { None };
        let dacl = if let Some(list) = &self.dacl { Some(list.to_bytes()?) } else { None };
        let control = SELF_RELATIVE
            | DACL_PRESENT
            | if sacl.is_some() { SACL_PRESENT } else { 0 }
            | if self.protected { DACL_PROTECTED } else { 0 };
        let mut out = vec![REVISION, 0];
        out.extend(control.to_le_bytes());
        let parts = [Some(self.owner.to_bytes()), Some(self.group.to_bytes()), sacl, dacl];
        let mut place = HEAD_BYTES;
        for part in &parts {
            // What is not there has no place. All parts are small enough for that number.
            out.extend(part.as_ref().map_or(0, |_| place).to_le_bytes());
            place += part.as_ref().map_or(0, Vec::len) as u32;
        }
        out.extend(parts.into_iter().flatten().flatten());
        Some(out)
    }

    /// From its self-relative form, with an owner and a group.
    ///
    /// # Errors
    /// When it is cut off, or its list has entries that neither allow nor deny.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let [revision, _, control_low, control_high] = reader.array()?;
        let control = u16::from_le_bytes([control_low, control_high]);
        if revision != REVISION || control & SELF_RELATIVE == 0 {
            return Err(reader.malformed("a self-relative security descriptor"));
        }
        let mut place = || reader.array().map(u32::from_le_bytes);
        let (owner, group, sacl, dacl) = (place()?, place()?, place()?, place()?);
        let at =
            |place: u32, present: u16| (place != 0 && control & present == present).then(|| Reader::at(bytes, place));
        let who = |place| match at(place, 0) {
            Some(mut reader) => Sid::read(&mut reader),
            None => Err(Reader::new(bytes).malformed("with an owner and a group")),
        };
        let label = at(sacl, SACL_PRESENT).map(|mut reader| Label::find(&mut reader)).transpose()?.flatten();
        let dacl = at(dacl, DACL_PRESENT).map(|mut reader| Acl::read(&mut reader)).transpose()?;
        let protected = control & DACL_PROTECTED != 0;
        Ok(Self { owner: who(owner)?, group: who(group)?, dacl, label, protected })
    }
}

impl Label {
    /// A system list with it alone, in its binary form; nothing of what it is made of is too large for one.
    pub fn to_bytes(self) -> Option<Vec<u8>> {
        let mask =
            bits([(self.no_write_up, NO_WRITE_UP), (self.no_read_up, NO_READ_UP), (self.no_execute_up, NO_EXECUTE_UP)]);
        let mut ace = Vec::new();
        ace::write(LABEL_KIND, self.inherit.flags(), mask, &Sid::new(LABEL_AUTHORITY, &[self.level.0])?, &mut ace);
        let mut out = Vec::new();
        acl::write_head(acl::HEAD_BYTES + ace.len(), 1, &mut out)?;
        out.extend(ace);
        Some(out)
    }

    /// The first in a system list that is meant for the object itself. What else is there is about audits.
    fn find(reader: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        let (count, mut body) = acl::read_head(reader)?;
        for _ in 0..count {
            let RawAce { kind, flags, mask, sid } = RawAce::read(&mut body)?;
            let inherit = Inherit::of_flags(flags);
            if let (LABEL_KIND, false, LABEL_AUTHORITY, [level]) = (kind, inherit.only, sid.authority(), sid.parts()) {
                let has = |bit| mask & bit != 0;
                return Ok(Some(Self {
                    level: Level(*level),
                    no_write_up: has(NO_WRITE_UP),
                    no_read_up: has(NO_READ_UP),
                    no_execute_up: has(NO_EXECUTE_UP),
                    inherit,
                }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_goes_to_what_it_is_for() {
        let of =
            |inherit| [Child::File, Child::Directory].map(|child| Label::new(Level::LOW, inherit).inherited(child));
        let label = |inherit| Some(Label::new(Level::LOW, Inherit { inherited: true, ..inherit }));
        assert_eq!(of(Inherit::NOTHING), [None, None]);
        assert_eq!(of(Inherit::ALL), [label(Inherit::NOTHING), label(Inherit::ALL)]);
        let files = Inherit { files: true, ..Inherit::NOTHING };
        assert_eq!(of(files), [label(Inherit::NOTHING), label(Inherit { only: true, ..files })]);
        let once = Inherit { not_further: true, ..Inherit::ALL };
        assert_eq!(of(once), [label(Inherit::NOTHING), label(Inherit::NOTHING)]);
    }
}
