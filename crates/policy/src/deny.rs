//! Denied and masked paths: how a pattern is written, and the matcher that finds what it hides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bounds::GLOB_BYTES_MAX;
use crate::descent::Descent;
use crate::origin::{LayerKind, Origin, Rule};
use crate::paths::{self, PathText, check_text};
use crate::patterns::{self, Patterns};
use crate::platform::Places;
use crate::policy::Policy;
use crate::sets::{NamedSet, SetEntry};
use crate::territory::Territory;
use crate::text::{Complaint, Text, quoted};

/// A checked entry of `files.deny` or `files.mask`.
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

pub(crate) const SPECIAL: &[char] = &['*', '?', '[', ']', '{', '}', '\\'];

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
            return Some((escaped(&path), Some(path.into())));
        }
        Some((paths::join(&escaped(&base), glob), None))
    }
}

/// The path as a glob that matches nothing else.
pub(crate) fn escaped(path: &str) -> String {
    let special = |byte| matches!(byte, b'*' | b'?' | b'[' | b']' | b'{' | b'}');
    if path.bytes().any(special) { globset::escape(path) } else { path.to_owned() }
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
    patterns::build(glob, false).map(drop).map_err(|error| {
        Complaint::new(
            format!("{} is no pattern: {}", quoted(glob), error.kind()),
            "patterns know `*`, `?`, `[abc]`, `{a,b}` and `**` between slashes; `\\` before one of these means itself",
        )
    })
}

/// A denial or a mask of the merged policy, or an exception from one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deny {
    /// As it was written.
    pub pattern: Text,
    /// As a glob from the root, or from `**/` if it counts in every directory of the user's trees.
    pub glob: Text,
    /// The path, if it is no pattern.
    pub literal: Option<PathBuf>,
    /// Does it make an exception?
    pub exception: bool,
    /// Only directories?
    pub directories_only: bool,
    /// The named set it came from.
    pub set: Option<Text>,
    /// Who says so.
    pub origin: Arc<Origin>,
}

impl Deny {
    /// What a person wrote; nothing for a set or for a path of another platform.
    pub(crate) fn written(text: &DenyText, origin: &Arc<Origin>, places: &Places) -> Option<Self> {
        let (glob, literal) = text.resolve(places)?;
        let DenyText::Pattern { text, exception, directories_only, .. } = text else { return None };
        Some(Self {
            pattern: text.clone().into(),
            glob: glob.into(),
            literal,
            exception: *exception,
            directories_only: *directories_only,
            set: None,
            origin: Arc::clone(origin),
        })
    }

    /// An entry of a named set, which is either a path or counts in every directory, and needs no check.
    pub(crate) fn listed(set: &NamedSet, entry: &SetEntry, origin: &Arc<Origin>, places: &Places) -> Option<Self> {
        let body = entry.entry.strip_prefix('!').unwrap_or(entry.entry);
        let trimmed = body.strip_suffix('/').unwrap_or(body);
        let (glob, literal) = if trimmed.starts_with("**/") {
            (Text::Borrowed(trimmed), None)
        } else {
            let path = paths::resolve_listed(trimmed, places)?;
            (escaped(&path).into(), Some(path.into()))
        };
        Some(Self {
            pattern: entry.entry.into(),
            glob,
            literal,
            exception: body.len() < entry.entry.len(),
            directories_only: trimmed.len() < body.len(),
            set: Some(set.name.into()),
            origin: Arc::clone(origin),
        })
    }

    /// Does the pattern count in every directory, rather than start at one?
    ///
    /// Such patterns leave the machine's own trees (`@system`, `@toolchains`, `@caches`) alone.
    pub fn is_floating(&self) -> bool {
        self.literal.is_none() && self.glob.starts_with("**/")
    }

    /// Does only the last name of a path count?
    fn is_by_name(&self) -> bool {
        self.is_floating() && !self.glob.trim_start_matches("**/").contains('/')
    }

    /// May this exception take back that denial? The exceptions of a named set belong to that set alone.
    fn lifts(&self, denial: &Self) -> bool {
        let same_set = self.set == denial.set && self.origin.layer == denial.origin.layer;
        self.origin.layer.may_lift(denial.origin.layer) && (self.set.is_none() || same_set)
    }

    pub(crate) fn rule(&self) -> Rule {
        let from = self.set.as_ref().map(|set| format!(" ({set})")).unwrap_or_default();
        let key = if self.origin.key == "files.mask" { "files.mask" } else { "files.deny" };
        Rule { text: format!("{key} \"{}\"{from}", self.pattern), origin: self.origin.clone() }
    }
}

/// Patterns and the exceptions from them.
#[derive(Debug, Clone)]
struct Entries {
    patterns: Patterns,
    exceptions: Patterns,
}

impl Entries {
    fn new(entries: &[Deny], fold: bool) -> Self {
        let (exceptions, patterns): (Vec<Deny>, Vec<Deny>) = entries.iter().cloned().partition(|entry| entry.exception);
        Self { patterns: Patterns::new(patterns, fold), exceptions: Patterns::new(exceptions, fold) }
    }

    /// Exceptions for the path itself or a directory above it.
    fn exceptions_for(&self, path: &str, is_dir: bool) -> Vec<&Deny> {
        if self.exceptions.is_empty() {
            return Vec::new();
        }
        paths::upwards(path).flat_map(|at| self.exceptions.matching(at, is_dir || at.len() < path.len())).collect()
    }

    /// The entries for a path that no exception takes back.
    fn standing(&self, path: &str, is_dir: bool, territory: &Territory) -> impl Iterator<Item = &Deny> {
        let entries = self.patterns.matching(path, is_dir);
        let (exceptions, machine) = if entries.is_empty() {
            (Vec::new(), false)
        } else {
            (self.exceptions_for(path, is_dir), territory.is_machine(path))
        };
        let stands = move |entry: &&Deny| {
            !(exceptions.iter().any(|exception| exception.lifts(entry)) || machine && entry.is_floating())
        };
        entries.into_iter().filter(stands)
    }

    /// Does an entry count for the path by its last name alone, whatever becomes of the directories above?
    fn stand_anywhere(&self, path: &str, is_dir: bool, territory: &Territory) -> bool {
        self.exceptions.entries().iter().all(Deny::is_by_name)
            && self.standing(path, is_dir, territory).any(Deny::is_by_name)
    }
}

/// The entry that explains best: that of the strongest layer, which says most surely what cannot be changed.
fn strongest<'a>(entries: impl Iterator<Item = &'a Deny>) -> Option<&'a Deny> {
    entries.max_by_key(|entry| entry.origin.layer.rank())
}

/// Finds the denial that hides a path, or the mask that lies over it. Built once for a policy, used for every name of a tree.
#[derive(Debug, Clone)]
pub struct DenyMatcher {
    denials: Entries,
    masks: Entries,
    territory: Arc<Territory>,
    places: Places,
}

impl DenyMatcher {
    /// The matcher for a policy.
    pub fn new(policy: &Policy) -> Self {
        let fold = policy.places.platform.folds_case();
        Self {
            denials: Entries::new(&policy.deny, fold),
            masks: Entries::new(&policy.mask, fold),
            territory: Arc::clone(policy.territory()),
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

    /// The mask of a file: it is shown with placeholders for its values.
    ///
    /// Nothing where a denial stands that the mask's layer may not show anything of, or in a hidden directory. Whoever
    /// cannot mask the file hides it.
    pub fn mask(&self, absolute: &Path) -> Option<&Deny> {
        let path = self.text(absolute)?;
        let masks: Vec<&Deny> = self.masks.standing(&path, false, &self.territory).collect();
        let opened = |denial: &Deny| masks.iter().any(|mask| mask.origin.layer.may_mask(denial.origin.layer));
        // What the path is may not be known to whoever asks, so a denial of directories counts for it.
        let hidden = |at: &str| match at.len() < path.len() {
            true => self.matches_text(at, true).is_some(),
            false => self.denials.standing(at, true, &self.territory).any(|denial| !opened(denial)),
        };
        if masks.is_empty() || paths::upwards(&path).any(hidden) {
            return None;
        }
        strongest(masks.into_iter())
    }

    /// Does a denial or a mask name exactly this absolute path, so that the run may not see it as it is?
    pub fn covers(&self, absolute: &Path, is_dir: bool) -> bool {
        self.matches(absolute, is_dir).is_some() || !is_dir && self.mask(absolute).is_some()
    }

    /// The denials and masks made ready for a walk down the tree at this absolute path.
    pub fn below(&self, root: &Path) -> Descent<'_> {
        Descent::new(self, root, self.places.platform.folds_case())
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Deny> {
        self.denials.patterns.entries().iter().chain(self.masks.patterns.entries())
    }

    pub(crate) fn text(&self, path: &Path) -> Option<String> {
        paths::normal_text(&path.to_string_lossy(), self.places.platform)
    }

    /// Is the path denied or masked by its last name alone, so that it stays so whatever becomes of the directories
    /// above?
    pub fn matches_anywhere(&self, absolute: &Path, is_dir: bool) -> bool {
        let Some(path) = self.text(absolute) else { return false };
        let anywhere = |entries: &Entries| entries.stand_anywhere(&path, is_dir, &self.territory);
        anywhere(&self.denials) || !is_dir && anywhere(&self.masks)
    }

    fn matches_text(&self, path: &str, is_dir: bool) -> Option<&Deny> {
        strongest(self.denials.standing(path, is_dir, &self.territory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LayerKind::{CommandLine, Managed, User};
    use crate::fixtures::{TRUSTED, UNTRUSTED, linux, merged, on, policy};
    use crate::platform::Platform;

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

    /// Who masks the path in these layers, if it is masked.
    fn masked_by(layers: &[(LayerKind, &str)], path: &str) -> Option<LayerKind> {
        DenyMatcher::new(&merged(layers).policy).mask(Path::new(path)).map(|mask| mask.origin.layer)
    }

    #[test]
    fn a_stronger_layer_masks_what_a_weaker_one_denies() {
        let mask = "files.mask = ['.env']";
        let deny = "files.deny = ['.env']";
        let env = "/home/ada/work/a/.env";
        for layer in [User, TRUSTED, CommandLine] {
            assert_eq!(masked_by(&[(layer, mask)], env), Some(layer));
        }
        assert_eq!(masked_by(&[(User, deny), (CommandLine, mask)], env), Some(CommandLine));
        assert_eq!(masked_by(&[(CommandLine, deny), (User, mask)], env), None);
        assert_eq!(masked_by(&[(User, "files.deny = ['.env']\nfiles.mask = ['.env']")], env), None);
        assert_eq!(masked_by(&[(User, "files.mask = ['@secrets']")], env), Some(User));
        assert_eq!(masked_by(&[(User, mask)], "/home/ada/work/.env.local"), None);
    }

    #[test]
    fn nobody_masks_what_the_managed_policy_denies_and_it_unhides_nothing() {
        let (mask, env) = ("files.mask = ['.env']", "/home/ada/work/.env");
        for denied in ["files.deny = ['.env']", "files.deny = ['/home/ada/work']", "files.deny = ['.env/']"] {
            let layers = [(Managed, denied), (User, mask), (CommandLine, mask)];
            assert_eq!(masked_by(&layers, env), None, "{denied}");
        }
        assert_eq!(masked_by(&[(Managed, mask)], env), None);
        assert_eq!(
            masked_by(&[(Managed, "files.mask = ['x']"), (CommandLine, "files.mask = ['!x']")], "/srv/x"),
            Some(Managed)
        );
    }

    #[test]
    fn a_project_that_is_not_trusted_masks_what_is_visible_only() {
        let mask = "files.mask = ['.env', 'x', '!y']";
        assert_eq!(masked_by(&[(UNTRUSTED, mask)], "/home/ada/work/.env"), None);
        assert_eq!(masked_by(&[(UNTRUSTED, mask)], "/home/ada/work/x"), Some(UNTRUSTED));
        assert_eq!(masked_by(&[(User, "files.mask = ['y']"), (UNTRUSTED, mask)], "/home/ada/work/y"), Some(User));
        assert_eq!(masked_by(&[(UNTRUSTED, mask), (User, "files.deny = ['x']")], "/home/ada/work/x"), None);
    }

    #[test]
    fn a_mask_is_for_files_and_leaves_hidden_directories_and_the_machine_alone() {
        assert_eq!(masked_by(&[(User, "files.mask = ['id_rsa']")], "/home/ada/.ssh/id_rsa"), None);
        assert_eq!(masked_by(&[(User, "files.mask = ['x']")], "/usr/lib/x"), None);
        assert_eq!(masked_by(&[(User, "files.mask = ['/usr/lib/x']")], "/usr/lib/x"), Some(User));
        assert!(crate::check::mask("private/").is_err());
        let policy = policy("files.mask = ['private']", &linux());
        let matcher = DenyMatcher::new(&policy);
        assert!(matcher.covers(Path::new("/srv/private"), false) && !matcher.covers(Path::new("/srv/private"), true));
        assert!(matcher.matches_anywhere(Path::new("/srv/private"), false));
    }

    #[test]
    fn what_is_denied_by_its_name_is_denied_anywhere() {
        let anywhere = |text: &str, path: &str| {
            let policy = policy(&format!("files.deny = [{text}]"), &linux());
            DenyMatcher::new(&policy).matches_anywhere(Path::new(path), false)
        };
        assert!(anywhere("'*.pem'", "/srv/a.pem") && anywhere("'@secrets'", "/srv/.env"));
        assert!(anywhere("'*.pem', '!no.pem', '/srv/a.pem'", "/srv/a.pem"));
        assert!(!anywhere("'/srv/a.pem'", "/srv/a.pem") && !anywhere("'**/b/a.pem'", "/srv/b/a.pem"));
        assert!(!anywhere("'*.pem', '!**/b/*.pem'", "/srv/a.pem") && !anywhere("'*.pem'", "/srv/a"));
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
    }

    #[test]
    fn case_counts_where_it_counts_for_the_platform() {
        let windows = on(Platform::Windows);
        let policy = policy("files.deny = ['*.Key', 'C:\\Data\\x']", &windows);
        let matcher = DenyMatcher::new(&policy);
        assert!(matcher.matches(Path::new("C:\\Users\\ada\\WORK\\a.KEY"), false).is_some());
        assert!(matcher.matches(Path::new("c:\\data\\X"), false).is_some());
        assert!(!hidden("'*.Key'", "/srv/a.key"));
    }

    #[test]
    fn what_a_set_lists_is_read_as_if_a_person_had_written_it() {
        let origin = Arc::new(Origin::of_profile("workspace", "files.deny"));
        let sets = crate::sets::all().iter().filter(|set| set.kind == crate::sets::SetKind::Patterns);
        for (set, platform) in sets.flat_map(|set| Platform::ALL.map(|platform| (set, platform))) {
            for places in [on(platform), Places { home: "/[h]*".into(), ..on(platform) }] {
                for entry in set.entries(platform) {
                    let written = Deny::written(&DenyText::parse(entry.entry).expect("a pattern"), &origin, &places);
                    let written = written.map(|deny| Deny { set: Some(set.name.into()), ..deny });
                    assert_eq!(Deny::listed(set, entry, &origin, &places), written, "{}", entry.entry);
                }
            }
        }
    }

    #[test]
    fn patterns_that_name_nothing_or_go_up_are_refused() {
        for text in ["", "!", "!!x", "!@secrets", "a/../b", "**/../x", "..", "$HOME", "~bob/x", "a{b", "[z-a]", "**/."]
        {
            assert!(DenyText::parse(text).is_err(), "{text}");
        }
    }
}
