//! Denials and masks as a walk down one tree asks for them: once for each directory, and quickly for each name.

use std::path::{Path, PathBuf};

use crate::braces::alternatives;
use crate::deny::{Deny, DenyMatcher};
use crate::names::NameFilter;
use crate::paths::{folded, is_inside, lossy};
use crate::shape::Shape;
use crate::ways::{Part, Trail, Ways};

/// The denials below a root. [`Self::start`] and [`Self::enter`] say what to keep for each directory,
/// [`Self::may_match`] refuses most names there, and [`Self::matches`] decides about the rest.
#[derive(Debug, Clone)]
pub struct Descent<'m> {
    matcher: &'m DenyMatcher,
    root: PathBuf,
    start: Trail,
    ways: Ways,
    names: NameFilter,
    fold: bool,
}

impl<'m> Descent<'m> {
    /// The denials of a matcher below this absolute path.
    pub(crate) fn new(matcher: &'m DenyMatcher, root: &Path, fold: bool) -> Self {
        let (ways, names) = (Ways::new(fold), NameFilter::new(fold));
        let mut descent = Self { matcher, root: root.to_owned(), start: 0, ways, names, fold };
        // Of a root that is no absolute path nothing is denied.
        if let Some(root) = matcher.text(root) {
            matcher.patterns().for_each(|deny| descent.add(deny, &root));
            let enter = |trail, name: &str| descent.ways.enter(trail, name.as_bytes());
            descent.start = components(&root).fold(descent.ways.start(), enter);
        }
        descent
    }

    /// The trail in the root.
    pub fn start(&self) -> Trail {
        self.start
    }

    /// The trail in the directory `name`, where that of the directory above is known.
    pub fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        self.ways.enter(above, name)
    }

    /// May an entry of this name be denied at all, in a directory with this trail? Wrong answers are only ever "yes".
    #[inline]
    pub fn may_match(&self, trail: Trail, name: &[u8]) -> bool {
        self.names.may_match(trail, name)
    }

    /// Is the entry at this path below the root denied or masked?
    pub fn matches(&self, relative: &Path, is_dir: bool) -> bool {
        self.matcher.covers(&self.root.join(relative), is_dir)
    }

    fn add(&mut self, deny: &Deny, root: &str) {
        match &deny.literal {
            Some(path) => self.add_path(&lossy(path), root),
            None => self.add_glob(&deny.glob),
        }
    }

    fn add_path(&mut self, path: &str, root: &str) {
        if is_inside(&folded(path, self.fold), &folded(root, self.fold)) {
            let (above, name) = path.rsplit_once('/').unwrap_or_default();
            let within = self.ways.lead(components(above).map(|name| Part::Name(Shape::of_name(name, self.fold))));
            self.names.add(within, Shape::of_name(name, self.fold));
        }
    }

    fn add_glob(&mut self, glob: &str) {
        match alternatives(glob) {
            Some(globs) => globs.iter().for_each(|glob| self.add_way(glob, Shape::of_last(glob, self.fold))),
            None => self.add_way(glob, Shape::any()),
        }
    }

    fn add_way(&mut self, glob: &str, last: Shape) {
        let within = self.ways.lead(way(glob, self.fold));
        self.names.add(within, last);
    }
}

/// The directory part of a pattern. Braces and classes may stand for a separator, so any directories may follow.
fn way(glob: &str, fold: bool) -> Vec<Part> {
    let part = |name| if name == "**" { Part::Deep } else { Part::Name(Shape::of_component(name, fold)) };
    let unclear = glob.find(['{', '[']);
    let (above, last) = glob[..unclear.unwrap_or(glob.len())].rsplit_once('/').unwrap_or_default();
    let deep = (unclear.is_some() || last == "**").then_some(Part::Deep);
    components(above).map(part).chain(deep).collect()
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{linux, on, policy};
    use crate::platform::{Places, Platform};

    /// May an entry at this path below the workspace be denied?
    fn may(deny: &str, places: &Places, path: &str) -> bool {
        let matcher = DenyMatcher::new(&policy(&format!("files.deny = [{deny}]"), places));
        let descent = matcher.below(&places.workspace);
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let trail = components(above).fold(descent.start(), |trail, name| descent.enter(trail, name.as_bytes()));
        descent.may_match(trail, name.as_bytes())
    }

    #[test]
    fn names_prefixes_and_suffixes_are_told_apart() {
        let deny = "'.env', '*.pem', 'id_*', 'x.{key,p12}'";
        for name in [".env", "a.pem", ".pem", "id_rsa", "x.key", "x.p12"] {
            assert!(may(deny, &linux(), name), "{name}");
        }
        for name in ["env", ".envx", "pem", "rsa", "x.rs"] {
            assert!(!may(deny, &linux(), name), "{name}");
        }
    }

    #[test]
    fn the_default_denials_refuse_ordinary_names() {
        for name in ["main.rs", "README.md", "package.json", "index.js", "lib.rs", "a.pem", "Cargo.toml"] {
            assert!(!may("'@secrets'", &linux(), name), "{name}");
        }
        for name in [".env", ".env.local", "id_rsa", "x.p12", "service-account-1.json"] {
            assert!(may("'@secrets'", &linux(), name), "{name}");
        }
    }

    #[test]
    fn a_name_is_refused_where_the_directories_above_do_not_fit() {
        for (deny, yes, no) in [
            ("'**/private/**/*.txt'", "a/private/b/x.txt", "a/b/x.txt"),
            ("'**/private/**/*.txt'", "private/x.txt", "private.d/x.txt"),
            ("'**/{private,secret}/*.txt'", "a/secret/x.txt", "secret/a/x.txt"),
            ("'**/private-*/[ab]*.txt'", "private-1/a.txt", "public-1/a.txt"),
            ("'a/*/c/**'", "a/b/c/d/e", "a/b/d/e"),
            ("'config/prod.key'", "config/prod.key", "a/config/prod.key"),
            ("'./top'", "top", "a/top"),
            ("'**/.aws/credentials'", ".aws/credentials", "aws/credentials"),
            ("'/srv/*.txt', 'z'", "z", "a.txt"),
        ] {
            assert!(may(deny, &linux(), yes), "{deny} {yes}");
            assert!(!may(deny, &linux(), no), "{deny} {no}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_let_through() {
        for deny in ["'{a[,]b,c}'", "'**/a[/]*z'", "'x{**/y,b}z'", "'**/\\{a/b'"] {
            assert!(may(deny, &linux(), "a/zzz/xyz"), "{deny}");
        }
        let windows = on(Platform::Windows);
        assert!(may("'k', '**/k/é'", &windows, "\u{212a}") && may("'**/k/x'", &windows, "\u{212a}/x"));
        let strange = Places { workspace: "/home/ada/[x]*{y}".into(), ..linux() };
        assert!(may("'a/*.key'", &strange, "a/b.key"));
    }

    #[test]
    fn case_is_ignored_where_the_platform_ignores_it() {
        assert!(may("'Data/*.Key'", &on(Platform::Windows), "DATA/x.KEY"));
        assert!(!may("'Data/*.Key'", &linux(), "DATA/x.KEY"));
    }

    #[test]
    fn more_ways_than_there_is_room_for_are_still_found() {
        let deny: Vec<String> = (0..200).map(|number| format!("'**/d{number}/*.txt'")).collect();
        for number in 0..200 {
            assert!(may(&deny.join(","), &linux(), &format!("a/d{number}/x.txt")));
        }
        assert!(!may(&deny.join(","), &linux(), "a/x.rs"));
    }
}
