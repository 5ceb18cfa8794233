//! Denials made ready to be asked: what hides this path?

use std::collections::BTreeMap;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::deny::Deny;
use crate::paths::{folded, lossy};

/// Paths in a table, names compared as they are, and the rest in an automaton, which is built when a path first needs
/// it: the built-in sets never do.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    entries: Vec<Deny>,
    /// Which entries are this folded path.
    paths: BTreeMap<String, Vec<usize>>,
    names: Vec<(usize, Name)>,
    /// Which entry each glob of the automaton is.
    globs: Vec<usize>,
    automaton: OnceLock<Option<GlobSet>>,
    fold: bool,
}

impl Patterns {
    pub(crate) fn new(entries: Vec<Deny>, fold: bool) -> Self {
        let mut paths: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let (mut names, mut globs) = (Vec::new(), Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            match (&entry.literal, Name::of(&entry.glob)) {
                (Some(path), _) => {
                    paths.entry(folded(&lossy(path), fold).into_owned()).or_default().push(index);
                }
                (None, Some(name)) => names.push((index, name)),
                (None, None) => globs.push(index),
            }
        }
        Self { entries, paths, names, globs, automaton: OnceLock::new(), fold }
    }

    pub(crate) fn entries(&self) -> &[Deny] {
        &self.entries
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries that name exactly this path: paths before patterns, each in the order of the policy.
    pub(crate) fn matching(&self, path: &str, is_dir: bool) -> Vec<&Deny> {
        let paths = self.paths.get(&*folded(path, self.fold)).into_iter().flatten().copied();
        let names = self.names.iter().filter(|(index, name)| name.fits(&self.entries[*index].glob, path, self.fold));
        let mut patterns: Vec<usize> = names.map(|(index, _)| *index).chain(self.matching_globs(path)).collect();
        patterns.sort_unstable();
        let found = paths.chain(patterns).map(|index| &self.entries[index]);
        found.filter(|entry| is_dir || !entry.directories_only).collect()
    }

    fn matching_globs(&self, path: &str) -> Vec<usize> {
        if self.globs.is_empty() {
            return Vec::new();
        }
        let globs = || self.globs.iter().map(|index| &*self.entries[*index].glob);
        match self.automaton.get_or_init(|| compile(globs(), self.fold).ok()) {
            Some(automaton) => automaton.matches(path).into_iter().map(|at| self.globs[at]).collect(),
            // A policy from `merge` always compiles. One that does not is denied, not waved through.
            None => self.globs.iter().copied().filter(|index| !self.entries[*index].exception).collect(),
        }
    }
}

/// A pattern that counts in every directory and needs no automaton: `**/a`, `**/a/b`, or `**/a*b` with one star.
#[derive(Debug, Clone, Copy)]
struct Name {
    /// Where in the name the star is.
    star: Option<usize>,
}

impl Name {
    const ANYWHERE: &str = "**/";

    fn of(glob: &str) -> Option<Self> {
        let name = glob.strip_prefix(Self::ANYWHERE)?;
        let star = name.find('*');
        let rest = star.map_or("", |star| &name[star + 1..]);
        let special = name.contains(['?', '[', ']', '{', '}', '\\']) || rest.contains('*');
        let deep = star.is_some() && name.contains('/');
        (!special && !deep).then_some(Self { star })
    }

    /// Does the path end with this name?
    fn fits(self, glob: &str, path: &str, fold: bool) -> bool {
        let same = |a: &[u8], b: &[u8]| if fold { a.eq_ignore_ascii_case(b) } else { a == b };
        let (name, path) = (&glob.as_bytes()[Self::ANYWHERE.len()..], path.as_bytes());
        let Some(star) = self.star else {
            let Some(start) = path.len().checked_sub(name.len()) else { return false };
            return (start == 0 || path[start - 1] == b'/') && same(&path[start..], name);
        };
        let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let (before, after) = (&name[..star], &name[star + 1..]);
        last.len() >= before.len() + after.len()
            && same(&last[..before.len()], before)
            && same(&last[last.len() - after.len()..], after)
    }
}

/// Checks that the patterns which need an automaton fit one.
pub(crate) fn check(denials: &[Deny], fold: bool) -> Result<(), globset::Error> {
    let needing = |deny: &&Deny| deny.literal.is_none() && Name::of(&deny.glob).is_none();
    let mut globs = denials.iter().filter(needing).map(|deny| &*deny.glob).peekable();
    if globs.peek().is_some() { compile(globs, fold).map(drop) } else { Ok(()) }
}

fn compile<'a>(globs: impl Iterator<Item = &'a str>, fold: bool) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(build(glob, fold)?);
    }
    set.build()
}

pub(crate) fn build(glob: &str, fold: bool) -> Result<Glob, globset::Error> {
    GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).case_insensitive(fold).build()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::sets::{self, SetKind};

    #[test]
    fn no_named_set_needs_an_automaton() {
        let sets = sets::all().iter().filter(|set| set.kind == SetKind::Patterns);
        for entry in sets.flat_map(|set| crate::platform::Platform::ALL.into_iter().flat_map(|p| set.entries(p))) {
            let pattern = entry.entry.trim_start_matches('!');
            assert!(!pattern.starts_with("**/") || Name::of(pattern).is_some(), "{pattern}");
        }
    }

    fn part() -> impl Strategy<Value = &'static str> {
        select(&["a", "b", "A", ".", "é", "É", "k", "K", "\u{212a}", "*", "/", "x.key", "\n", "{a,b}", "[ab]", "?"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_name_fits_exactly_what_the_glob_matches(
            name in prop::collection::vec(part(), 1..5), path in prop::collection::vec(part(), 1..7), fold: bool,
        ) {
            let parts = name.concat();
            let parts: Vec<&str> = parts.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            let glob = format!("**/{}", parts.join("/"));
            let path = crate::paths::normal_text(&format!("/{}", path.concat()), crate::platform::Platform::Linux);
            if let (Some(name), Some(path)) = (Name::of(&glob), path) && !parts.is_empty() {
                let matcher = build(&glob, fold).expect("a pattern").compile_matcher();
                prop_assert_eq!(name.fits(&glob, &path, fold), matcher.is_match(&path), "{} {}", glob, path);
            }
        }
    }
}
