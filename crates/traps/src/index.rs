//! All file patterns of all rules in one automaton.

use std::path::Path;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// Which of a list of owners (rules, directories of tools) have a pattern that fits a path.
#[derive(Debug)]
pub(crate) struct Index {
    set: GlobSet,
    /// By the number of a pattern.
    owners: Vec<usize>,
}

/// A path in the form in which patterns are compared: some file systems take `.VSCode` for `.vscode`.
pub(crate) struct Folded(Vec<u8>);

impl Folded {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.as_os_str().as_encoded_bytes().to_ascii_lowercase())
    }
}

impl Index {
    /// From pairs of owner and pattern. A pattern without a slash is a name in any directory, one with a slash begins in
    /// any directory, and one that begins with a slash at the root.
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = (usize, &'a str)>) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (owner, pattern) in patterns {
            let anywhere = match pattern.strip_prefix('/') {
                Some(anchored) => anchored.to_owned(),
                None => format!("**/{pattern}"),
            };
            set.add(GlobBuilder::new(&anywhere.to_ascii_lowercase()).literal_separator(true).build()?);
            owners.push(owner);
        }
        Ok(Self { set: set.build()?, owners })
    }

    /// The owners of the patterns that fit, each once.
    pub(crate) fn owners(&self, path: &Folded) -> Vec<usize> {
        // A path that is not Unicode: what is not is replaced, and no pattern names it.
        let text = String::from_utf8_lossy(&path.0);
        let matches = self.set.matches_candidate(&Candidate::new(&*text));
        let mut owners: Vec<usize> =
            matches.into_iter().filter_map(|number| self.owners.get(number).copied()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
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
        let index = Index::new([(0, "Makefile"), (1, ".vscode/tasks.json"), (2, "/tools/bazel"), (2, "x/**")]).unwrap();
        let owners = |path: &str| index.owners(&Folded::new(Path::new(path)));
        assert_eq!(owners("a/b/makefile"), [0]);
        assert_eq!(owners("a/.VSCode/tasks.json"), [1]);
        assert!(owners("a.vscode/tasks.json").is_empty());
        assert_eq!(owners("tools/bazel"), [2]);
        assert!(owners("a/tools/bazel").is_empty());
        assert_eq!(owners("a/x/y/z"), [2]);
    }

    #[test]
    fn links_to_directories_count_where_the_pattern_goes_on() {
        assert_eq!(directories(".idea/tools/*.xml"), [".idea", ".idea/tools"]);
        assert_eq!(directories("x/**/y"), ["x"]);
        assert!(directories("Makefile").is_empty());
    }
}
