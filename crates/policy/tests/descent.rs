//! The quick way to ask about a tree finds exactly what the patterns match, each tried on each whole path.
#![cfg(unix)]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use pinfold_policy::{
    Deny, DenyMatcher, Descent, Layer, LayerKind, Merged, Places, Platform, PolicyFile, Setting, Trail, merge,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A part of a pattern between slashes, if it is a simple one.
fn component() -> impl Strategy<Value = String> {
    let piece = select(&[
        "a", "b", "k", "K", "é", ".key", "*", "?", "**", "[ab]", "[!a]", "[a/b]", "[/]", "[]a]", "{a,b}", "{a,b*}",
        "{,k}", "{a/b,}", "{a,b/k}", "{**/a,b}", "{a,**}", "{k/**,b}", "\\*", "\\a", "\\/", "\\{",
    ]);
    let plain = select(&["a", "b", "k", "é", "*", "**", "a{**/b,k}"]).prop_map(str::to_owned);
    prop_oneof![plain, vec(piece, 1..4).prop_map(|pieces| pieces.concat())]
}

fn pattern() -> impl Strategy<Value = String> {
    let ends = (select(&["", "**/", "/w/", "/"]), select(&["", "", "/"]));
    (vec(component(), 1..5), ends).prop_map(|(parts, (start, end))| [start, &parts.join("/"), end].concat())
}

/// Names of entries, some of which are no Unicode, or look like patterns.
const NAMES: [&[u8]; 16] = [
    b"a",
    b"b",
    b"ab",
    b"ba",
    b"A",
    b"k",
    b"K",
    "\u{212a}".as_bytes(),
    "é".as_bytes(),
    "É".as_bytes(),
    b"a.key",
    b"a\xff",
    b"\xff",
    b"**",
    b"{a",
    b"a\nb",
];

/// What a denial means, tried in the plainest way.
struct Plain<'d> {
    deny: &'d Deny,
    glob: GlobMatcher,
    fold: bool,
}

impl<'d> Plain<'d> {
    fn new(deny: &'d Deny, fold: bool) -> Self {
        let mut glob = GlobBuilder::new(&deny.glob);
        let glob = glob.literal_separator(true).backslash_escape(true).case_insensitive(fold).build().expect("a glob");
        Self { deny, glob: glob.compile_matcher(), fold }
    }

    fn hides(&self, path: &str, is_dir: bool) -> bool {
        let same = |literal: &Path| match self.fold {
            true => literal.to_string_lossy().to_lowercase() == path.to_lowercase(),
            false => literal.to_string_lossy() == path,
        };
        (is_dir || !self.deny.directories_only)
            && self.deny.literal.as_deref().map_or_else(|| self.glob.is_match(path), same)
    }
}

fn merged(patterns: &[String], platform: Platform, workspace: &str) -> Option<Merged> {
    let mut file = PolicyFile::default();
    for pattern in patterns {
        // Most random patterns are fine; those that are not are another test's business.
        let _ = file.add_flag(Setting::Deny, pattern, "--deny");
    }
    let root = if platform == Platform::Windows { "C:" } else { "" };
    let places = Places { platform, workspace: format!("{root}{workspace}").into(), home: format!("{root}/h").into() };
    merge(&[Layer::new(LayerKind::CommandLine, file)], &places).ok()
}

/// Compares a descent with the patterns, for every path below a root that has only these names.
struct Walk<'w> {
    root: PathBuf,
    names: &'w [&'w [u8]],
    descent: Descent<'w>,
    plain: &'w [Plain<'w>],
}

impl Walk<'_> {
    fn compare(&self, above: &Path, trail: Trail, depth: usize) -> Result<(), TestCaseError> {
        for name in self.names {
            let relative = above.join(OsStr::from_bytes(name));
            let path = self.root.join(&relative);
            for is_dir in [true, false] {
                let hidden = self.plain.iter().any(|plain| plain.hides(&path.to_string_lossy(), is_dir));
                let found = self.descent.may_match(trail, name) && self.descent.matches(&relative, is_dir);
                prop_assert_eq!(found, hidden, "{}", path.display());
            }
            if depth > 1 {
                self.compare(&relative, self.descent.enter(trail, name), depth - 1)?;
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_descent_finds_what_the_patterns_match(
        patterns in vec(pattern(), 1..3),
        names in subsequence(NAMES.to_vec(), 2..5),
        workspace in select(&["/w", "/w/a", "/w/{a}", "/w/**"]),
        platform in select(&Platform::ALL),
    ) {
        let Some(merged) = merged(&patterns, platform, workspace) else { return Ok(()) };
        let fold = platform.folds_case();
        let plain: Vec<Plain> = merged.policy.deny.iter().map(|deny| Plain::new(deny, fold)).collect();
        let matcher = DenyMatcher::new(&merged.policy);
        let workspace = &merged.policy.places.workspace;
        for root in [workspace.clone(), workspace.join(OsStr::from_bytes(names[0]))] {
            let descent = matcher.below(&root);
            let walk = Walk { root, names: &names, descent, plain: &plain };
            walk.compare(Path::new(""), walk.descent.start(), 3)?;
        }
    }
}
