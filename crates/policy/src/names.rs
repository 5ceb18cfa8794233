//! A fast first look at a file name: could any denial match it? Never wrong with "no".

use std::collections::HashSet;

use crate::bounds::ALTERNATIVES_MAX;
use crate::deny::Deny;

/// The last components of all denials, as literal names and as prefix and suffix pairs.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameFilter {
    names: HashSet<Vec<u8>>,
    /// Lengths of literal names, as bits: most names are refused by this alone.
    lengths: u128,
    affixes: Vec<(Vec<u8>, Vec<u8>)>,
    everything: bool,
    fold: bool,
}

impl NameFilter {
    pub(crate) fn new(denials: &[Deny], fold: bool) -> Self {
        let mut filter = Self { fold, ..Self::default() };
        for deny in denials {
            filter.add(deny);
        }
        filter.everything |= filter.affixes.iter().any(|(prefix, suffix)| prefix.is_empty() && suffix.is_empty());
        filter
    }

    fn add(&mut self, deny: &Deny) {
        if let Some(path) = &deny.literal {
            let path = path.to_string_lossy();
            return self.add_name(path.rsplit('/').next().unwrap_or_default());
        }
        match alternatives(&deny.glob) {
            Some(globs) => globs.iter().for_each(|glob| self.add_glob(glob)),
            None => self.everything = true,
        }
    }

    fn add_glob(&mut self, glob: &str) {
        match affixes(glob) {
            None => self.add_name(glob.rsplit('/').next().unwrap_or_default()),
            Some((prefix, suffix)) => {
                let pair = (self.bytes(prefix), self.bytes(suffix));
                if !self.affixes.contains(&pair) {
                    self.affixes.push(pair);
                }
            }
        }
    }

    fn add_name(&mut self, name: &str) {
        let name = self.bytes(name);
        self.lengths |= length_bit(name.len());
        self.names.insert(name);
    }

    /// Names that fold in ways beyond ASCII never get as far as a comparison, see `may_match`.
    fn bytes(&mut self, text: &str) -> Vec<u8> {
        self.everything |= self.fold && !text.is_ascii();
        if self.fold { text.to_ascii_lowercase().into_bytes() } else { text.as_bytes().to_vec() }
    }

    #[inline]
    pub(crate) fn may_match(&self, name: &[u8]) -> bool {
        if self.everything {
            return true;
        }
        if !name.is_ascii() && (self.fold || std::str::from_utf8(name).is_err()) {
            return true;
        }
        if self.fold && name.iter().any(u8::is_ascii_uppercase) {
            return self.known(&name.to_ascii_lowercase());
        }
        self.known(name)
    }

    #[inline]
    fn known(&self, name: &[u8]) -> bool {
        let fits = |(prefix, suffix): &(Vec<u8>, Vec<u8>)| {
            name.len() >= prefix.len().max(suffix.len()) && name.starts_with(prefix) && name.ends_with(suffix)
        };
        self.affixes.iter().any(fits) || (self.lengths & length_bit(name.len()) != 0 && self.names.contains(name))
    }
}

fn length_bit(length: usize) -> u128 {
    1 << length.min(127)
}

/// What the last component must begin and end with; nothing if it is no pattern.
fn affixes(glob: &str) -> Option<(&str, &str)> {
    const SPECIAL: &[char] = &['*', '?', '[', ']', '\\'];
    let last_special = glob.rfind(SPECIAL)?;
    let tail = &glob[last_special + 1..];
    if tail.contains('/') {
        return None;
    }
    // A class may contain a separator, so with one in the pattern only the tail is sure.
    if glob.contains('[') {
        return Some(("", tail));
    }
    let component = glob.rsplit('/').next().unwrap_or_default();
    let first = component.find(SPECIAL)?;
    Some((&component[..first], tail))
}

/// The pattern with its `{a,b}` written out; nothing if that is too many or hard to tell.
fn alternatives(glob: &str) -> Option<Vec<String>> {
    if !glob.contains('{') {
        return Some(vec![glob.to_owned()]);
    }
    if glob.contains(['[', '\\']) {
        return None;
    }
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(glob) = open.pop() {
        match expand_innermost(&glob) {
            None => done.push(glob),
            Some(more) => open.extend(more),
        }
        if open.len() + done.len() > ALTERNATIVES_MAX {
            return None;
        }
    }
    Some(done)
}

fn expand_innermost(glob: &str) -> Option<Vec<String>> {
    let close = glob.find('}')?;
    let start = glob[..close].rfind('{')?;
    let (before, after) = (&glob[..start], &glob[close + 1..]);
    Some(glob[start + 1..close].split(',').map(|middle| format!("{before}{middle}{after}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{LayerKind, Origin};

    fn filter(globs: &[&str], fold: bool) -> NameFilter {
        let origin =
            Origin { layer: LayerKind::User, file: None, line: 1, column: 1, key: "files.deny".into(), flag: None };
        let deny = |glob: &&str| Deny {
            pattern: (*glob).into(),
            glob: (*glob).into(),
            literal: None,
            exception: false,
            directories_only: false,
            set: None,
            origin: origin.clone(),
        };
        NameFilter::new(&globs.iter().map(deny).collect::<Vec<_>>(), fold)
    }

    #[test]
    fn names_prefixes_and_suffixes_are_told_apart() {
        let filter = filter(&["**/.env", "**/*.pem", "/a/id_*", "**/x.{key,p12}"], false);
        for name in [".env", "a.pem", ".pem", "id_rsa", "x.key", "x.p12"] {
            assert!(filter.may_match(name.as_bytes()), "{name}");
        }
        for name in ["env", ".envx", "pem", "rsa", "x.rs", ""] {
            assert!(!filter.may_match(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_let_through() {
        assert!(filter(&["**/{a[,]b,c}"], false).may_match(b"zzz"));
        assert!(filter(&["/a/**"], false).may_match(b"zzz"));
        assert!(filter(&["**/.env"], false).may_match(b"\xff"));
        assert!(filter(&["**/k"], true).may_match("\u{212a}".as_bytes()));
    }

    #[test]
    fn case_is_ignored_where_the_platform_ignores_it() {
        assert!(filter(&["**/.Env"], true).may_match(b".ENV"));
        assert!(!filter(&["**/.Env"], false).may_match(b".ENV"));
    }
}
