//! A fast first look at a file name: could any denial match it? Never wrong with "no".

use crate::bounds::ALTERNATIVES_MAX;
use crate::deny::Deny;
use crate::paths::lossy;

/// The last components of all denials, as literal names and as prefix and suffix pairs, sorted by one byte: most names
/// are refused by their first and last byte alone.
#[derive(Debug, Clone)]
pub(crate) struct NameFilter {
    /// By its first byte, what a name may be or begin with.
    by_first: Vec<Vec<Shape>>,
    /// By its last byte, what a name may end with, whatever it begins with.
    by_last: Vec<Vec<Shape>>,
    everything: bool,
    fold: bool,
}

/// What a name must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Name(Box<[u8]>),
    Affixes(Box<[u8]>, Box<[u8]>),
}

impl Shape {
    fn fits(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(own) => **own == *name,
            Self::Affixes(prefix, suffix) => {
                name.len() >= prefix.len().max(suffix.len()) && name.ends_with(suffix) && name.starts_with(prefix)
            }
        }
    }
}

impl NameFilter {
    pub(crate) fn new(denials: &[Deny], fold: bool) -> Self {
        let none = vec![Vec::new(); 256];
        let mut filter = Self { by_first: none.clone(), by_last: none, everything: false, fold };
        denials.iter().for_each(|deny| filter.add(deny));
        filter
    }

    fn add(&mut self, deny: &Deny) {
        if let Some(path) = &deny.literal {
            let path = lossy(path);
            return self.add_name(path.rsplit('/').next().unwrap_or_default());
        }
        if !deny.glob.contains('{') {
            return self.add_glob(&deny.glob);
        }
        match alternatives(&deny.glob) {
            Some(globs) => globs.iter().for_each(|glob| self.add_glob(glob)),
            None => self.everything = true,
        }
    }

    fn add_glob(&mut self, glob: &str) {
        match affixes(glob) {
            None => self.add_name(glob.rsplit('/').next().unwrap_or_default()),
            Some((prefix, suffix)) => self.add_affixes(prefix, suffix),
        }
    }

    fn add_affixes(&mut self, prefix: &str, suffix: &str) {
        let (prefix, suffix) = (self.bytes(prefix), self.bytes(suffix));
        let list = match (prefix.first(), suffix.last()) {
            (Some(first), _) => &mut self.by_first[usize::from(*first)],
            (None, Some(last)) => &mut self.by_last[usize::from(*last)],
            (None, None) => {
                self.everything = true;
                return;
            }
        };
        list.push(Shape::Affixes(prefix, suffix));
    }

    fn add_name(&mut self, name: &str) {
        let name = self.bytes(name);
        let Some(first) = name.first() else { return };
        let list = &mut self.by_first[usize::from(*first)];
        let shape = Shape::Name(name);
        if !list.contains(&shape) {
            list.push(shape);
        }
    }

    /// Names that fold in ways beyond ASCII never get as far as a comparison, see `may_match`.
    fn bytes(&mut self, text: &str) -> Box<[u8]> {
        self.everything |= self.fold && !text.is_ascii();
        let text = if self.fold { text.to_ascii_lowercase() } else { text.to_owned() };
        text.into_bytes().into()
    }

    #[inline]
    pub(crate) fn may_match(&self, name: &[u8]) -> bool {
        let ([first, ..], [.., last]) = (name, name) else { return self.everything };
        if self.everything || (!name.is_ascii() && (self.fold || std::str::from_utf8(name).is_err())) {
            return true;
        }
        let lists = [&self.by_first[self.byte(*first)], &self.by_last[self.byte(*last)]];
        if lists.iter().all(|list| list.is_empty()) {
            return false;
        }
        let lower = if self.fold { name.to_ascii_lowercase() } else { Vec::new() };
        let name = if self.fold { &lower } else { name };
        lists.into_iter().flatten().any(|shape| shape.fits(name))
    }

    #[inline]
    fn byte(&self, byte: u8) -> usize {
        usize::from(if self.fold { byte.to_ascii_lowercase() } else { byte })
    }
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

    fn filter(globs: &[&'static str], fold: bool) -> NameFilter {
        let origin =
            Origin { layer: LayerKind::User, file: None, line: 1, column: 1, key: "files.deny".into(), flag: None };
        let deny = |glob: &&'static str| Deny {
            pattern: (*glob).into(),
            glob: (*glob).into(),
            literal: None,
            exception: false,
            directories_only: false,
            set: None,
            origin: std::sync::Arc::new(origin.clone()),
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
