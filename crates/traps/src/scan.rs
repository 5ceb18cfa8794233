//! From changed paths to findings.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use pinfold_policy::Platform;

use crate::content::{Hit, Unknown};
use crate::finding::{ChangeKind, Changed, Finding, excerpt};
use crate::git::{GitDirectories, lies_in_dot_git, own_pointer};
use crate::index::Folded;
use crate::limits::RENAMED_ENTRIES_MAX;
use crate::look::Seen;
use crate::names::is_root_git;
use crate::owned::{Altered, Ownership};
use crate::rules::{Rule, Rules, STANDARD};
use crate::tree::{self, Content, Thing, Tree};

/// The rules that are compiled in, and whose names of files they are about.
#[derive(Debug)]
pub struct Traps {
    rules: &'static Rules,
    platform: Platform,
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
#[error("failed to open {}", root.display())]
pub struct ScanError {
    /// The directory that was to be scanned.
    pub root: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl Traps {
    /// The rules that docs/traps.md lists.
    pub fn standard() -> Self {
        Self { rules: &STANDARD, platform: tree::PLATFORM }
    }

    /// The same, for names as another platform takes them.
    #[must_use]
    pub fn named_as_on(self, platform: Platform) -> Self {
        Self { platform, ..self }
    }

    /// Judges the changed paths below a root: the worst first, then by path and line. What is no longer there is
    /// nothing, and neither is a path that is not below the root.
    ///
    /// # Errors
    ///
    /// When the root itself cannot be opened. What lies below and cannot be read is a finding where its name is one.
    pub fn scan(&self, root: &Path, changed: impl Iterator<Item = Changed>) -> Result<Vec<Finding>, ScanError> {
        self.scan_since(root, changed, &|_| None)
    }

    /// As [`Self::scan`], where it is known what the files contained before: a setting or line that was there already is
    /// not told again. `before` gives the earlier content of a path relative to the root, `None` if it is not known.
    ///
    /// # Errors
    ///
    /// As [`Self::scan`].
    pub fn scan_since(
        &self,
        root: &Path,
        changed: impl Iterator<Item = Changed>,
        before: &dyn Fn(&Path) -> Option<Vec<u8>>,
    ) -> Result<Vec<Finding>, ScanError> {
        let tree = Tree::open(root).map_err(|source| ScanError { root: root.to_owned(), source })?;
        Ok(self.scan_tree(&tree, changed, before))
    }

    /// As [`Self::scan_since`], for a tree that several directories show together, instead of what lies at `root`.
    #[cfg(target_os = "linux")]
    pub fn scan_combined(
        &self,
        tree: Box<dyn tree::Combined>,
        root: &Path,
        changed: impl Iterator<Item = Changed>,
        before: &dyn Fn(&Path) -> Option<Vec<u8>>,
    ) -> Vec<Finding> {
        self.scan_tree(&Tree::combined(tree, root), changed, before)
    }

    fn scan_tree(
        &self,
        tree: &Tree,
        changed: impl Iterator<Item = Changed>,
        before: &dyn Fn(&Path) -> Option<Vec<u8>>,
    ) -> Vec<Finding> {
        let changed = with_renamed(tree, changed.filter(|change| is_below(&change.path)));
        let platform = self.platform;
        let paths = Altered::new(changed.iter().map(|change| &*change.path), platform);
        let own_pointer =
            own_pointer(tree).filter(|_| !changed.iter().any(|change| is_root_git(&change.path, platform)));
        let mut scan = Scan {
            tree,
            platform,
            rules: self.rules,
            owned: Ownership::new(tree, self.rules, &paths),
            git: GitDirectories::new(tree, platform),
            own_pointer,
            before,
            findings: Vec::new(),
        };
        changed.iter().for_each(|change| scan.judge(change));
        let mut findings = scan.findings;
        let place = |finding: &Finding| (finding.path.clone(), finding.line, finding.rule);
        findings.sort_by_cached_key(|finding| (Reverse(finding.severity), place(finding)));
        findings
    }
}

/// Whether a path is one below a root, in words.
fn is_below(path: &Path) -> bool {
    !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The changes, and for each renamed directory all that is in it: its content is as before, its place is not.
fn with_renamed(tree: &Tree, changed: impl Iterator<Item = Changed>) -> Vec<Changed> {
    let mut all: Vec<Changed> = changed.collect();
    let renamed = all.iter().filter(|change| change.kind == ChangeKind::Renamed);
    let mut waiting: Vec<PathBuf> = renamed.map(|change| change.path.clone()).collect();
    let mut below: Vec<PathBuf> = Vec::new();
    while let Some(directory) = waiting.pop() {
        // What is no directory has no names in it.
        for name in tree.names(&directory).unwrap_or_default() {
            if below.len() >= RENAMED_ENTRIES_MAX {
                break;
            }
            let path = directory.join(name);
            waiting.push(path.clone());
            below.push(path);
        }
    }
    if below.is_empty() {
        return all;
    }
    let known: HashSet<PathBuf> = all.iter().map(|change| change.path.clone()).collect();
    let new = below.into_iter().filter(|path| !known.contains(path));
    all.extend(new.map(|path| Changed { path, kind: ChangeKind::Renamed }));
    all
}

struct Scan<'a> {
    tree: &'a Tree,
    platform: Platform,
    rules: &'static Rules,
    owned: Ownership<'a>,
    git: GitDirectories<'a>,
    own_pointer: Option<PathBuf>,
    before: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
    findings: Vec<Finding>,
}

/// What a rule says of a file.
struct Verdict {
    /// Places in it; none where its name decided.
    hits: Vec<Hit>,
    /// Why it could not be looked into.
    obstacle: Option<String>,
}

impl Verdict {
    fn by_name(obstacle: Option<String>) -> Self {
        Self { hits: Vec::new(), obstacle }
    }
}

impl Scan<'_> {
    fn judge(&mut self, change: &Changed) {
        let folded = Folded::new(&change.path, self.platform);
        let owned = self.owned.covers(&change.path);
        let fitting = self.fitting(&change.path, &folded, owned);
        let rules = self.chosen(fitting, change, owned);
        let ways = self.chosen(self.rules.ways.owners(&folded), change, owned);
        if rules.is_empty() && ways.is_empty() {
            return;
        }
        let thing = self.tree.look(&change.path);
        let content = OnceCell::new();
        let start = self.findings.len();
        for rule in rules {
            if let Some(verdict) = self.verdict(&change.path, &thing, rule, &content) {
                self.tell(&change.path, rule, verdict);
            }
        }
        // A link in place of a directory on the way to files of rules: the worst of them speaks for all.
        if let (Thing::Link(target), Some(rule)) = (&thing, ways.into_iter().min_by_key(|rule| Reverse(rule.severity)))
        {
            self.tell(&change.path, rule, Verdict::by_name(Some(link_text(target))));
        }
        self.keep_the_telling(start);
    }

    /// The numbers of the rules that are about a path by its name.
    fn fitting(&mut self, path: &Path, folded: &Folded, owned: bool) -> Vec<usize> {
        let mut numbers = self.rules_in_git(path);
        // Nobody works in a `.git`, so that only the rules about git count there.
        if !lies_in_dot_git(path, self.platform) {
            let files = if owned { &self.rules.files_owned } else { &self.rules.files };
            numbers.extend(files.owners(folded));
        }
        if !numbers.is_empty() {
            let except = self.rules.except.owners(folded);
            numbers.retain(|number| !except.contains(number));
        }
        numbers
    }

    /// The rules about files of git directories that have a pattern for the path, seen from one that it lies in.
    fn rules_in_git(&mut self, path: &Path) -> Vec<usize> {
        let mut numbers = Vec::new();
        for directory in path.ancestors().skip(1) {
            let Ok(below) = path.strip_prefix(directory) else { continue };
            let fitting = self.rules.in_git.owners(&Folded::new(below, self.platform));
            if !fitting.is_empty() && self.git.is_git(directory) {
                numbers.extend(fitting);
            }
        }
        // A directory in a git directory may look like one too.
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The rules of these numbers that count for the kind of change and the kind of place.
    fn chosen(&self, numbers: Vec<usize>, change: &Changed, owned: bool) -> Vec<&'static Rule> {
        let rules = numbers.into_iter().filter_map(|number| self.rules.rules.get(number));
        let counts =
            |rule: &&Rule| (rule.owned || !owned) && (rule.kinds.is_empty() || rule.kinds.contains(&change.kind));
        rules.filter(counts).collect()
    }

    fn is_near(&self, path: &Path, rule: &Rule) -> bool {
        let above = path.parent().unwrap_or(Path::new(""));
        let at = |near: &String| match near.strip_prefix("../") {
            Some(near) => above.parent().map(|above| above.join(near)),
            None => Some(above.join(near)),
        };
        rule.near.is_empty() || rule.near.iter().filter_map(at).any(|near| self.tree.exists(&near))
    }

    /// What the rule says of the thing; `None`: nothing.
    fn verdict(&self, path: &Path, thing: &Thing, rule: &Rule, content: &OnceCell<Content>) -> Option<Verdict> {
        if !self.is_near(path, rule) {
            return None;
        }
        if let Some(look) = rule.look {
            let seen = Seen {
                tree: self.tree,
                platform: self.platform,
                path,
                thing,
                own_pointer: self.own_pointer.as_deref(),
            };
            return Some(Verdict { hits: look.at(&seen)?.into_iter().collect(), obstacle: None });
        }
        match (thing, &rule.test) {
            (Thing::Gone | Thing::Directory, _) => None,
            (Thing::Link(target), _) if rule.linked && self.tree.leads_to(path, target).is_some() => None,
            (Thing::Link(target), _) => Some(Verdict::by_name(Some(link_text(target)))),
            (Thing::Special, _) => Some(Verdict::by_name(Some("neither a file nor a directory".into()))),
            (Thing::Unreachable, _) => Some(Verdict::by_name(Some("cannot be reached".into()))),
            (Thing::File(_), None) => Some(Verdict::by_name(None)),
            (Thing::File(file), Some(test)) => match content.get_or_init(|| file.content()) {
                Content::TooLarge(bytes) => {
                    Some(Verdict::by_name(Some(format!("too large to look into: {bytes} bytes"))))
                }
                Content::Unreadable => Some(Verdict::by_name(Some("cannot be read".into()))),
                Content::Bytes(bytes) => match test.hits(bytes, (self.before)(path).as_deref()) {
                    Ok(hits) => (!hits.is_empty()).then_some(Verdict { hits, obstacle: None }),
                    Err(Unknown) => Some(Verdict::by_name(Some("not well formed".into()))),
                },
            },
        }
    }

    fn tell(&mut self, path: &Path, rule: &'static Rule, verdict: Verdict) {
        let what = match verdict.obstacle {
            None => Cow::Borrowed(rule.what.as_str()),
            Some(obstacle) => Cow::Owned(format!("{} ({obstacle})", rule.what)),
        };
        let finding = Finding {
            path: path.to_owned(),
            line: None,
            rule: &rule.id,
            severity: rule.severity,
            when: &rule.when,
            what,
            excerpt: String::new(),
        };
        if verdict.hits.is_empty() {
            return self.findings.push(finding);
        }
        let told = verdict.hits.into_iter().map(|hit| Finding {
            line: (hit.line > 0).then_some(hit.line),
            excerpt: excerpt(&hit.text),
            ..finding.clone()
        });
        self.findings.extend(told);
    }

    /// Of the findings from `start` on, all about one path, drops those by the name alone that say less than another.
    fn keep_the_telling(&mut self, start: usize) {
        let mut own = self.findings.split_off(start);
        let worst = own.iter().map(|finding| finding.severity).max();
        own.retain(|finding| Some(finding.severity) == worst || finding.line.is_some());
        self.findings.append(&mut own);
    }
}

fn link_text(target: &Path) -> String {
    format!("a symbolic link to {}", excerpt(&target.to_string_lossy()))
}
