//! Denied paths: how a pattern is written, and the matcher that finds what it hides.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::bounds::GLOB_BYTES_MAX;
use crate::names::NameFilter;
use crate::origin::{LayerKind, Origin, Rule};
use crate::paths::{self, PathText, check_text, folded};
use crate::platform::Places;
use crate::policy::Policy;
use crate::territory::Territory;
use crate::text::{Complaint, quoted};

/// A checked entry of `files.deny`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenyText {
    /// A named set, with its `@`.
    Set(String),
    /// A path or pattern.
    Pattern {
        /// As it was written.
        text: String,
        /// Does it make an exception (`!`)?
        exception: bool,
        /// Only directories (a slash at the end)?
        directories_only: bool,
        /// Where it starts; nothing if it counts in every directory.
        anchor: Option<PathText>,
        /// The pattern below that start. Empty if the anchor is all there is.
        glob: String,
    },
}

const SPECIAL: &[char] = &['*', '?', '[', ']', '{', '}', '\\'];

impl DenyText {
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        check_text(text)?;
        if text.starts_with('@') {
            return Ok(Self::Set(text.to_owned()));
        }
        let (exception, body) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if body.is_empty() || body.starts_with(['@', '!']) {
            return Err(Complaint::new(
                format!("{} names no path", quoted(text)),
                "write a path or a pattern, such as \"**/*.pem\", and `!` once before it for an exception",
            ));
        }
        let directories_only = body.ends_with('/') && body.len() > 1;
        let (anchor, glob) = split_anchor(body)?;
        if !glob.is_empty() {
            check_glob(&glob)?;
        }
        Ok(Self::Pattern { text: text.to_owned(), exception, directories_only, anchor, glob })
    }

    /// The glob from the root (or from `**/`) and, if it is no pattern, the path. Nothing for a set or for a path of
    /// another platform.
    pub(crate) fn resolve(&self, places: &Places) -> Option<(String, Option<PathBuf>)> {
        let Self::Pattern { anchor, glob, .. } = self else { return None };
        let Some(anchor) = anchor else { return Some((format!("**/{glob}"), None)) };
        let base = anchor.resolve(places)?;
        if !glob.contains(SPECIAL) {
            let path = paths::join(&base, glob);
            return Some((globset::escape(&path), Some(path.into())));
        }
        Some((paths::join(&globset::escape(&base), glob), None))
    }
}

/// Where the pattern starts, and the pattern below.
fn split_anchor(body: &str) -> Result<(Option<PathText>, String), Complaint> {
    // A path with a drive may be written with backslashes, which are no escapes there.
    let body = if paths::has_drive(body) { body.replace('\\', "/") } else { body.to_owned() };
    let trimmed = body.trim_end_matches('/');
    if let Some(floating) = trimmed.strip_prefix("**/") {
        let glob = normal_glob(floating)?;
        if glob.is_empty() {
            return Err(Complaint::new(format!("{} names no path", quoted(&body)), "write a name after `**/`"));
        }
        return Ok((None, glob));
    }
    if is_bare(trimmed) {
        PathText::anchored(trimmed)?;
        return Ok((None, trimmed.to_owned()));
    }
    let before_special = body.find(SPECIAL).map(|at| body[..at].rfind('/').map_or(0, |slash| slash + 1));
    let (fixed, glob) = body.split_at(before_special.unwrap_or(body.len()));
    Ok((Some(PathText::anchored(fixed)?), normal_glob(glob)?))
}

/// A name without any directory, which counts in every one.
fn is_bare(text: &str) -> bool {
    !text.is_empty() && text != "." && !text.starts_with('~') && !text.contains('/')
}

/// The pattern without empty and `.` components, refusing `..`.
fn normal_glob(glob: &str) -> Result<String, Complaint> {
    if glob.split('/').any(|part| part == "..") {
        return Err(Complaint::new(format!("{} contains `..`", quoted(glob)), "write the pattern without going up"));
    }
    let parts: Vec<&str> = glob.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok(parts.join("/"))
}

fn check_glob(glob: &str) -> Result<(), Complaint> {
    if glob.len() > GLOB_BYTES_MAX {
        return Err(Complaint::new(
            format!("a pattern of {} bytes", glob.len()),
            format!("at most {GLOB_BYTES_MAX} bytes are accepted in a pattern"),
        ));
    }
    build(glob, false).map(drop).map_err(|error| {
        Complaint::new(
            format!("{} is no pattern: {}", quoted(glob), error.kind()),
            "patterns know `*`, `?`, `[abc]`, `{a,b}` and `**` between slashes; `\\` before one of these means itself",
        )
    })
}

fn build(glob: &str, fold: bool) -> Result<globset::Glob, globset::Error> {
    GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).case_insensitive(fold).build()
}

/// A denial of the merged policy, or an exception from denials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deny {
    /// As it was written.
    pub pattern: String,
    /// As a glob from the root, or from `**/` if it counts in every directory of the user's trees.
    pub glob: String,
    /// The path, if it is no pattern.
    pub literal: Option<PathBuf>,
    /// Does it make an exception?
    pub exception: bool,
    /// Only directories?
    pub directories_only: bool,
    /// The named set it came from.
    pub set: Option<String>,
    /// Who says so.
    pub origin: Origin,
}

impl Deny {
    /// Does the pattern count in every directory, rather than start at one?
    ///
    /// Such patterns leave the machine's own trees (`@system`, `@toolchains`, `@caches`) alone.
    pub fn is_floating(&self) -> bool {
        self.literal.is_none() && self.glob.starts_with("**/")
    }

    /// May this exception take back that denial? The exceptions of a named set belong to that set alone.
    fn lifts(&self, denial: &Self) -> bool {
        let same_set = self.set == denial.set && self.origin.layer == denial.origin.layer;
        self.origin.layer.may_lift(denial.origin.layer) && (self.set.is_none() || same_set)
    }

    pub(crate) fn rule(&self) -> Rule {
        let from = self.set.as_ref().map(|set| format!(" ({set})")).unwrap_or_default();
        Rule { text: format!("files.deny \"{}\"{from}", self.pattern), origin: self.origin.clone() }
    }
}

/// Finds the denial that hides a path. Built once for a policy, used for every name of a tree.
#[derive(Debug, Clone)]
pub struct DenyMatcher {
    denials: Patterns,
    exceptions: Patterns,
    names: NameFilter,
    territory: Territory,
    places: Places,
}

impl DenyMatcher {
    /// The matcher for a policy.
    pub fn new(policy: &Policy) -> Self {
        let fold = policy.places.platform.folds_case();
        let (exceptions, denials): (Vec<Deny>, Vec<Deny>) =
            policy.deny.iter().cloned().partition(|deny| deny.exception);
        Self {
            names: NameFilter::new(&denials, fold),
            denials: Patterns::new(denials, fold),
            exceptions: Patterns::new(exceptions, fold),
            territory: Territory::new(policy),
            places: policy.places.clone(),
        }
    }

    /// The denial that names exactly this absolute path, if no exception takes it back.
    ///
    /// A hidden directory hides what is below it: a walk does not descend, and [`Self::covering`] looks upwards.
    pub fn matches(&self, absolute: &Path, is_dir: bool) -> Option<&Deny> {
        let path = self.text(absolute)?;
        self.matches_text(&path, is_dir)
    }

    /// The denial of this path or of the topmost directory above it, with what it hides; a managed one, if there is
    /// any.
    pub fn covering(&self, absolute: &Path, is_dir: bool) -> Option<(PathBuf, &Deny)> {
        let path = self.text(absolute)?;
        let mut chain: Vec<&str> = paths::upwards(&path).collect();
        chain.reverse();
        let hit =
            |at: &&str| self.matches_text(at, is_dir || at.len() < path.len()).map(|deny| (PathBuf::from(*at), deny));
        let hits: Vec<_> = chain.iter().filter_map(hit).collect();
        let managed = hits.iter().position(|(_, deny)| deny.origin.layer == LayerKind::Managed);
        hits.into_iter().nth(managed.unwrap_or(0))
    }

    /// May a file of this name be denied at all? Wrong answers are only ever "yes".
    #[inline]
    pub fn may_match_name(&self, basename: &[u8]) -> bool {
        self.names.may_match(basename)
    }

    fn text(&self, path: &Path) -> Option<String> {
        paths::normal_text(&path.to_string_lossy(), self.places.platform)
    }

    fn matches_text(&self, path: &str, is_dir: bool) -> Option<&Deny> {
        let denials = self.denials.matching(path, is_dir);
        if denials.is_empty() {
            return None;
        }
        let exceptions = self.exceptions_for(path, is_dir);
        let machine = self.territory.is_machine(path);
        let stands = |deny: &&&Deny| {
            !(exceptions.iter().any(|exception| exception.lifts(deny)) || machine && deny.is_floating())
        };
        // The strongest layer explains best, and says most surely what cannot be changed.
        denials.iter().filter(stands).max_by_key(|deny| deny.origin.layer.rank()).copied()
    }

    /// Exceptions for the path itself or a directory above it.
    fn exceptions_for(&self, path: &str, is_dir: bool) -> Vec<&Deny> {
        if self.exceptions.entries.is_empty() {
            return Vec::new();
        }
        paths::upwards(path).flat_map(|at| self.exceptions.matching(at, is_dir || at.len() < path.len())).collect()
    }
}

/// Compiled patterns: paths in a table, the rest in one automaton.
#[derive(Debug, Clone)]
struct Patterns {
    entries: Vec<Deny>,
    literals: HashMap<String, Vec<usize>>,
    globs: Option<GlobSet>,
    /// Which entry each glob of the automaton is.
    glob_entries: Vec<usize>,
    fold: bool,
}

impl Patterns {
    fn new(entries: Vec<Deny>, fold: bool) -> Self {
        let mut literals: HashMap<String, Vec<usize>> = HashMap::new();
        let mut glob_entries = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match &entry.literal {
                Some(path) => literals.entry(folded(&path.to_string_lossy(), fold)).or_default().push(index),
                None => glob_entries.push(index),
            }
        }
        let globs = compile(glob_entries.iter().map(|index| entries[*index].glob.as_str()), fold).ok();
        Self { entries, literals, globs, glob_entries, fold }
    }

    fn matching(&self, path: &str, is_dir: bool) -> Vec<&Deny> {
        let key = folded(path, self.fold);
        let literal = self.literals.get(&key).into_iter().flatten().copied();
        let globs = match &self.globs {
            Some(globs) => globs.matches(path).into_iter().map(|at| self.glob_entries[at]).collect(),
            // A policy from `merge` always compiles. One that does not is denied, not waved through.
            None if self.entries.iter().all(|entry| entry.exception) => Vec::new(),
            None => self.glob_entries.clone(),
        };
        let found = literal.chain(globs).map(|index| &self.entries[index]);
        found.filter(|entry| is_dir || !entry.directories_only).collect()
    }
}

/// One automaton for all globs.
pub(crate) fn compile<'a>(globs: impl Iterator<Item = &'a str>, fold: bool) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(build(glob, fold)?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{linux, on, policy};

    fn hidden(text: &str, path: &str) -> bool {
        let policy = policy(&format!("files.deny = [{text}]"), &linux());
        DenyMatcher::new(&policy).covering(Path::new(path), false).is_some()
    }

    #[test]
    fn a_bare_name_counts_in_every_directory_and_a_path_at_the_workspace() {
        assert!(hidden("'key.txt'", "/home/ada/work/a/b/key.txt"));
        assert!(hidden("'key.txt'", "/srv/key.txt"));
        assert!(!hidden("'key.txt'", "/home/ada/work/key.txt.old"));
        assert!(hidden("'config/prod.key'", "/home/ada/work/config/prod.key"));
        assert!(!hidden("'config/prod.key'", "/home/ada/work/a/config/prod.key"));
        assert!(hidden("'./top'", "/home/ada/work/top"));
        assert!(!hidden("'./top'", "/home/ada/work/a/top"));
        assert!(hidden("'~/x/*.db'", "/home/ada/x/a.db"));
        assert!(!hidden("'~/x/*.db'", "/home/ada/x/y/a.db"));
        assert!(hidden("'/srv/**/b'", "/srv/a/a/b"));
    }

    #[test]
    fn what_is_below_a_hidden_directory_is_hidden() {
        assert!(hidden("'private/'", "/home/ada/work/private/x/y"));
        assert!(hidden("'/srv'", "/srv/x"));
        assert!(!hidden("'/srv'", "/srv2/x"));
        let policy = policy("files.deny = ['private/']", &linux());
        let matcher = DenyMatcher::new(&policy);
        assert!(matcher.matches(Path::new("/home/ada/work/private"), true).is_some());
        assert!(matcher.matches(Path::new("/home/ada/work/private"), false).is_none());
    }

    #[test]
    fn exceptions_take_back_what_the_same_layer_denied_whatever_the_order() {
        for deny in ["'**/*.pem', '!**/fixtures/*.pem'", "'!**/fixtures/*.pem', '**/*.pem'", "'*.pem', '!fixtures/'"] {
            assert!(hidden(deny, "/home/ada/work/a.pem"), "{deny}");
            assert!(!hidden(deny, "/home/ada/work/fixtures/a.pem"), "{deny}");
        }
    }

    #[test]
    fn the_exceptions_of_a_set_do_not_reach_beyond_it() {
        assert!(!hidden("'@secrets'", "/home/ada/work/.env.example"));
        assert!(hidden("'@secrets'", "/home/ada/work/.env.local"));
        assert!(hidden("'@secrets', '.env.example'", "/home/ada/work/.env.example"));
    }

    #[test]
    fn the_machines_own_trees_are_left_alone_unless_named() {
        assert!(!hidden("'*.pem'", "/etc/ssl/certs/ca.pem"));
        assert!(hidden("'/etc/**/*.pem'", "/etc/ssl/certs/ca.pem"));
        assert!(!hidden("'*.pem'", "/home/ada/.cargo/registry/src/x/test.pem"));
        let inside = Places { workspace: "/opt/project".into(), ..linux() };
        let policy = policy("files.deny = ['*.pem']", &inside);
        assert!(DenyMatcher::new(&policy).matches(Path::new("/opt/project/a.pem"), false).is_some());
    }

    #[test]
    fn special_characters_of_the_workspace_are_no_pattern() {
        let places = Places { workspace: "/home/ada/[x]*{y}".into(), ..linux() };
        let policy = policy("files.deny = ['a/*.key']", &places);
        let matcher = DenyMatcher::new(&policy);
        assert!(matcher.matches(Path::new("/home/ada/[x]*{y}/a/b.key"), false).is_some());
        assert!(matcher.matches(Path::new("/home/ada/xz{y}/a/b.key"), false).is_none());
        assert!(matcher.may_match_name(b"b.key"));
    }

    #[test]
    fn case_counts_where_it_counts_for_the_platform() {
        let windows = on(crate::platform::Platform::Windows);
        let policy = policy("files.deny = ['*.Key', 'C:\\Data\\x']", &windows);
        let matcher = DenyMatcher::new(&policy);
        assert!(matcher.matches(Path::new("C:\\Users\\ada\\WORK\\a.KEY"), false).is_some());
        assert!(matcher.matches(Path::new("c:\\data\\X"), false).is_some());
        assert!(matcher.may_match_name(b"A.KEY") && matcher.may_match_name(b"X"));
        assert!(!hidden("'*.Key'", "/srv/a.key"));
    }

    #[test]
    fn patterns_that_name_nothing_or_go_up_are_refused() {
        for text in ["", "!", "!!x", "!@secrets", "a/../b", "**/../x", "..", "$HOME", "~bob/x", "a{b", "[z-a]", "**/."]
        {
            assert!(DenyText::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_filter_refuses_ordinary_names() {
        let policy = policy("", &linux());
        let matcher = DenyMatcher::new(&policy);
        for name in ["main.rs", "README.md", "package.json", "index.js", "lib.rs", "a.pem", "Cargo.toml"] {
            assert!(!matcher.may_match_name(name.as_bytes()), "{name}");
        }
        for name in [".env", ".env.local", "id_rsa", "x.p12", "service-account-1.json"] {
            assert!(matcher.may_match_name(name.as_bytes()), "{name}");
        }
    }
}
