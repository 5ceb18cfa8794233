//! All file patterns of all rules. Most runs change few files, so what takes long is done for those patterns only that
//! may fit one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use globset::{GlobBuilder, GlobMatcher};
use pinfold_policy::Platform;

use crate::names::{self, lengthened};

/// What makes a pattern more than a path.
const WILD: [char; 5] = ['*', '?', '[', '{', '\\'];

/// Which of a list of owners (rules, directories of tools) have a pattern that fits a path.
#[derive(Debug)]
pub(crate) struct Index {
    /// By the name of the file.
    plain: HashMap<String, Vec<Plain>>,
    wild: Vec<Wild>,
}

/// A pattern without wildcards.
#[derive(Debug)]
struct Plain {
    owner: usize,
    path: String,
    /// It begins at the root.
    anchored: bool,
}

#[derive(Debug)]
struct Wild {
    owner: usize,
    /// A piece of it that stands in every path that fits.
    piece: String,
    pattern: String,
    /// Nothing if it is no pattern, which a test excludes.
    matcher: OnceLock<Option<GlobMatcher>>,
}

/// A path in the form in which patterns are compared: some file systems take `.VSCode` for `.vscode`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Folded {
    path: String,
    /// There may be names in it that stand for longer ones.
    short: bool,
}

impl Folded {
    pub(crate) fn new(path: &Path, platform: Platform) -> Self {
        let path = names::meant(path, platform);
        let short = platform == Platform::Windows && path.contains('~');
        Self { path, short }
    }
}

impl Index {
    /// From pairs of owner and pattern. A pattern without a slash is a name in any directory, one with a slash begins in
    /// any directory, and one that begins with a slash at the root.
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = (usize, &'a str)>) -> Self {
        let mut index = Self { plain: HashMap::new(), wild: Vec::new() };
        for (owner, pattern) in patterns {
            let pattern = pattern.to_ascii_lowercase();
            let (path, anchored) = pattern.strip_prefix('/').map_or((&*pattern, false), |path| (path, true));
            if path.contains(WILD) {
                index.wild.push(Wild::new(owner, path, anchored));
            } else {
                let name = path.rsplit('/').next().unwrap_or(path);
                let plain = Plain { owner, path: path.to_owned(), anchored };
                index.plain.entry(name.to_owned()).or_default().push(plain);
            }
        }
        index
    }

    /// The owners of the patterns that fit, each once.
    pub(crate) fn owners(&self, Folded { path, short }: &Folded) -> Vec<usize> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let plain = self.plain.get(name).into_iter().flatten().filter(|plain| plain.fits(path));
        let wild = self.wild.iter().filter(|wild| wild.fits(path));
        let mut owners: Vec<usize> = plain.map(|plain| plain.owner).chain(wild.map(|wild| wild.owner)).collect();
        if *short {
            let plain = self.plain.values().flatten().filter(|plain| plain.fits(&lengthened(path, &plain.path)));
            let wild = self.wild.iter().filter(|wild| wild.fits(&lengthened(path, &wild.pattern)));
            owners.extend(plain.map(|plain| plain.owner).chain(wild.map(|wild| wild.owner)));
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}

#[cfg(test)]
impl Index {
    /// The first pattern that is none.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.wild.iter().find(|wild| wild.matcher().is_none()).map(|wild| &*wild.pattern)
    }
}

impl Plain {
    fn fits(&self, path: &str) -> bool {
        let before = path.strip_suffix(&*self.path);
        before.is_some_and(|before| before.is_empty() || !self.anchored && before.ends_with('/'))
    }
}

impl Wild {
    fn new(owner: usize, path: &str, anchored: bool) -> Self {
        let pattern = if anchored { path.to_owned() } else { format!("**/{path}") };
        // Within braces and brackets there are alternatives, of which none must be there.
        let certain = path.split(['[', '{', '\\']).next().unwrap_or_default();
        let pieces = certain.split(['*', '?', '/']);
        let piece = pieces.max_by_key(|piece| piece.len()).unwrap_or_default().to_owned();
        Self { owner, piece, pattern, matcher: OnceLock::new() }
    }

    fn fits(&self, path: &str) -> bool {
        path.contains(&*self.piece) && self.matcher().is_some_and(|matcher| matcher.is_match(path))
    }

    fn matcher(&self) -> Option<&GlobMatcher> {
        let compile = || {
            let glob = GlobBuilder::new(&self.pattern).literal_separator(true).build().ok()?;
            Some(glob.compile_matcher())
        };
        self.matcher.get_or_init(compile).as_ref()
    }
}

/// The directories that a pattern names on its way to a file: a symbolic link there brings all files below with it.
pub(crate) fn directories(pattern: &str) -> Vec<&str> {
    let ends = pattern.match_indices('/').map(|(at, _)| pattern.split_at(at).0);
    ends.filter(|way| !way.is_empty() && !way.ends_with('*')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_begin_where_their_slashes_say() {
        let index = Index::new([
            (0, "Makefile"),
            (1, ".vscode/tasks.json"),
            (2, "/tools/bazel"),
            (2, "x/**"),
            (3, "y/*.{a,b}"),
        ]);
        let owners = |path: &str| index.owners(&Folded::new(Path::new(path), Platform::Linux));
        assert_eq!(owners("a/b/makefile"), [0]);
        assert_eq!(owners("a/.VSCode/tasks.json"), [1]);
        assert!(owners("a.vscode/tasks.json").is_empty());
        assert_eq!(owners("tools/bazel"), [2]);
        assert!(owners("a/tools/bazel").is_empty());
        assert_eq!(owners("a/x/y/z"), [2]);
        assert_eq!(owners("a/y/z.b"), [3]);
        assert!(owners("a/y/z.c").is_empty() && owners("a/y/z/z.b").is_empty());
    }

    #[test]
    fn names_of_windows_fit_whatever_their_spelling() {
        let index = Index::new([(1, ".vscode/tasks.json"), (2, ".husky/*"), (3, "*.pth")]);
        let owners = |path: &str, platform| index.owners(&Folded::new(Path::new(path), platform));
        for (path, owner) in [
            (r"a\.VSCODE\Tasks.json", 1),
            (r".vscode.\tasks.json ", 1),
            (r".vscode\tasks.json::$DATA", 1),
            (r"VSCODE~1\TASKS~1.JSO", 1),
            (r"HUSKY~1\pre-commit", 2),
            (r"x\EVIL~1.PTH", 3),
        ] {
            assert_eq!(owners(path, Platform::Windows), [owner], "{path}");
            assert_eq!(owners(path, Platform::Linux), if owner == 3 { vec![3] } else { vec![] }, "{path}");
        }
    }

    #[test]
    fn links_to_directories_count_where_the_pattern_goes_on() {
        assert_eq!(directories(".idea/tools/*.xml"), [".idea", ".idea/tools"]);
        assert_eq!(directories("x/**/y"), ["x"]);
        assert!(directories("Makefile").is_empty());
    }
}
