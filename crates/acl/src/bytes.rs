//! Reading binary forms, which never goes beyond their ends.

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {what}, at byte {at}")]
pub struct Malformed {
    /// What should be there.
    what: &'static str,
    /// Where, from 0.
    at: usize,
}

/// The sum of the bits whose facts hold.
pub(crate) fn bits<const N: usize>(facts: [(bool, u32); N]) -> u32 {
    facts.into_iter().filter(|(holds, _)| *holds).fold(0, |sum, (_, bit)| sum | bit)
}

/// Bytes that are read one after the other.
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(all: &'a [u8]) -> Self {
        Self::at(all, 0)
    }

    /// From a place in them.
    pub(crate) fn at(all: &'a [u8], at: u32) -> Self {
        Self { all, at: at as usize }
    }

    /// Only the next bytes, so many.
    pub(crate) fn part(&mut self, length: usize) -> Result<Reader<'a>, Malformed> {
        let at = self.at;
        let end = at.checked_add(length).filter(|end| *end <= self.all.len());
        let end = end.ok_or_else(|| self.malformed("as long as it says"))?;
        self.at = end;
        Ok(Reader { all: self.all.get(..end).unwrap_or_default(), at })
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let rest = self.all.get(self.at..).unwrap_or_default();
        let found = rest.first_chunk().ok_or_else(|| self.malformed("long enough"))?;
        self.at += N;
        Ok(*found)
    }

    pub(crate) fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }
}
