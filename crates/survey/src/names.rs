//! A small set of file names that answers "no" in a few instructions.

/// A set of base names.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// For each first byte: bit n is set if a name of n bytes begins with it (63: 63 and more).
    lengths: Box<[u64; 256]>,
    names: Vec<Box<[u8]>>,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { lengths: Box::new([0; 256]), names: Vec::new() }
    }

    pub(crate) fn insert(&mut self, name: &[u8]) {
        if let Some(&first) = name.first() {
            for first in spellings(first) {
                self.lengths[usize::from(first)] |= 1 << name.len().min(63);
            }
            self.names.push(name.into());
        }
    }

    #[inline]
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        let Some(&first) = name.first() else {
            return false;
        };
        self.lengths[usize::from(first)] & (1 << name.len().min(63)) != 0
            && self.names.iter().any(|known| same_name(known, name))
    }
}

fn spellings(byte: u8) -> [u8; 2] {
    if FOLDS_CASE { [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] } else { [byte, byte] }
}

/// Whether the usual file system of this platform takes `.GIT` for `.git`.
const FOLDS_CASE: bool = cfg!(any(target_vendor = "apple", windows));

/// Whether two base names mean the same entry on this platform.
#[inline]
pub(crate) fn same_name(one: &[u8], other: &[u8]) -> bool {
    if FOLDS_CASE { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// The name among `known` that means the same entry, or the name itself.
#[inline]
pub(crate) fn as_known<'a>(name: &'a [u8], known: &[&'a [u8]]) -> &'a [u8] {
    match FOLDS_CASE {
        true => known.iter().find(|known| same_name(known, name)).unwrap_or(&name),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_names_knows_its_names_and_no_others() {
        let long = [b'x'; 200];
        let mut names = Names::new();
        for name in [b".envrc".as_slice(), b".vscode", b"\xff\xfe", &long] {
            names.insert(name);
        }
        assert!(names.contains(b".envrc") && names.contains(b"\xff\xfe") && names.contains(&long));
        for other in [b"".as_slice(), b".envrd", b".env", b"x", &long[1..]] {
            assert!(!names.contains(other), "{other:?}");
        }
    }
}
