//! Discretionary access lists (MS-DTYP 2.4.5).

use crate::ace::{Ace, AceKind};
use crate::bytes::{Malformed, Reader};

/// The size of a list without its entries, in bytes.
pub(crate) const HEAD_BYTES: usize = 8;
/// `ACL_REVISION`: entries that allow or deny, and no others.
const REVISION: u8 = 2;

/// Entries, of which the first that says something of a right decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acl(pub Vec<Ace>);

impl Acl {
    /// In the order in which the system's own tools expect them: what denies before what allows, the object's own before
    /// what it has inherited, and those as they came.
    pub fn canonical(entries: impl IntoIterator<Item = Ace>) -> Self {
        let mut entries: Vec<Ace> = entries.into_iter().collect();
        // Stable, so that nothing else changes places.
        entries.sort_by_key(rank);
        Self(entries)
    }

    /// Whether it is in that order. One that is not was made by a program with a purpose, or by accident.
    pub fn is_canonical(&self) -> bool {
        self.0.is_sorted_by_key(rank)
    }

    /// The size of its binary form, in bytes; the system takes no more than 65535.
    pub fn size(&self) -> usize {
        HEAD_BYTES + self.0.iter().map(Ace::size).sum::<usize>()
    }

    /// Its binary form; `None` when it would be too large.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.size());
        write_head(self.size(), self.0.len(), &mut out)?;
        self.0.iter().for_each(|ace| ace.write(&mut out));
        Some(out)
    }

    /// From its binary form, which may be followed by anything.
    ///
    /// # Errors
    /// When it is cut off, or has entries that neither allow nor deny.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::read(&mut Reader::new(bytes))
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (count, mut body) = read_head(reader)?;
        (0..count).map(|_| Ace::read(&mut body)).collect::<Result<_, _>>().map(Self)
    }
}

fn rank(ace: &Ace) -> u8 {
    match (ace.inherit.inherited, ace.kind) {
        (false, AceKind::Deny) => 0,
        (false, AceKind::Allow) => 1,
        (true, _) => 2,
    }
}

pub(crate) fn write_head(size: usize, count: usize, out: &mut Vec<u8>) -> Option<()> {
    let (size, count) = (u16::try_from(size).ok()?, u16::try_from(count).ok()?);
    out.extend([REVISION, 0]);
    out.extend(size.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend([0, 0]);
    Some(())
}

/// How many entries there are, and where.
pub(crate) fn read_head<'a>(reader: &mut Reader<'a>) -> Result<(u16, Reader<'a>), Malformed> {
    let [_revision, _, low, high, count_low, count_high, _, _] = reader.array()?;
    let size = usize::from(u16::from_le_bytes([low, high]));
    let body = reader.part(size.saturating_sub(HEAD_BYTES))?;
    Ok((u16::from_le_bytes([count_low, count_high]), body))
}
