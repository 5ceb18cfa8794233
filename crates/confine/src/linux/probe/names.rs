//! Names that are protected in every directory, and what has appeared under them since the start of a run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pinfold_policy::{Policy, Scope};
use pinfold_survey::{Entry, Kind, Limits, Place, Repository, RepositoryKind, Survey, SurveyError};
use serde::{Deserialize, Serialize};

use super::Tree;

/// Most names and repositories that one look after a run reports.
const MOST_MATCHES: usize = 5_000_000;

/// Names that are protected in every directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names(Vec<Name>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Name {
    /// The name, or several of a path.
    name: PathBuf,
    /// Only files and links are meant.
    files_only: bool,
}

impl Names {
    /// The names of a policy.
    pub fn of(policy: &Policy) -> Self {
        let anywhere = policy.protect.iter().filter(|protect| protect.scope == Scope::Anywhere);
        Self(anywhere.map(|protect| Name { name: protect.name.clone(), files_only: !protect.directory }).collect())
    }

    /// A survey for them, which bears more than the first one: somebody may want it to give up.
    fn survey(&self, root: &Path) -> Survey<'static> {
        let limits = Limits { matches: MOST_MATCHES, ..Limits::default() };
        Survey::new([root.to_owned()]).names(self.last()).limits(limits)
    }

    /// Their last parts: what a survey looks for.
    pub(super) fn last(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter().filter_map(|name| name.name.file_name())
    }

    /// Whether an entry has one of these names. What packages bring along in `node_modules` is left alone: nobody
    /// opens or enters those directories, and package managers must be able to remove them.
    pub(super) fn cover(&self, entry: &Entry) -> bool {
        let directory = entry.kind == Kind::Directory;
        let in_packages = entry.path.parent().is_some_and(|parent| parent.iter().any(|part| part == "node_modules"));
        let is_it = |name: &Name| !(name.files_only && directory) && entry.path.ends_with(&name.name);
        !in_packages && self.0.iter().any(is_it)
    }

    /// As [`Names::cover`], for what is new: a `.git` is judged as a repository, and what a person has put in the
    /// place of an old one is his.
    fn cover_new(&self, entry: &Entry) -> bool {
        !entry.replaced && entry.path.file_name() != Some(OsStr::new(".git")) && self.cover(entry)
    }
}

/// What has appeared in trees since they were looked through.
#[derive(Debug, Default)]
pub struct Appearance {
    /// Protected names, by root and the path below it.
    pub protected: Vec<(PathBuf, PathBuf)>,
    /// Repositories, by root.
    pub repositories: Vec<(PathBuf, Repository)>,
    /// Directories that could not be looked into, by root.
    pub closed: Vec<(PathBuf, PathBuf)>,
    /// Directories so deep that nobody looked further, by root.
    pub too_deep: Vec<(PathBuf, PathBuf)>,
}

/// Looks at what changed in trees since they were looked through.
pub fn look_again(names: &Names, trees: &mut [Tree]) -> Result<Appearance, SurveyError> {
    let mut appearance = Appearance::default();
    for Tree { root, found, .. } in trees {
        match found.stamps.rescan(&names.survey(root)) {
            Ok(appeared) => {
                appearance.add_closed(root, appeared.unreadable);
                appearance.add(names, root, appeared.named, appeared.repositories, &[]);
            }
            Err(error) => appearance.add_too_deep(root, error)?,
        }
    }
    Ok(appearance)
}

/// Looks through trees anew for what is not among the `known` paths: for a run that nobody can remember otherwise.
pub fn look_anew(names: &Names, roots: &[PathBuf], known: &[PathBuf]) -> Result<Appearance, SurveyError> {
    let mut appearance = Appearance::default();
    for root in roots.iter().filter(|root| root.is_dir()) {
        match names.survey(root).walk() {
            Ok(found) => {
                appearance.add_closed(root, found.unreadable);
                appearance.add(names, root, found.named, found.repositories, known);
            }
            Err(error) => appearance.add_too_deep(root, error)?,
        }
    }
    Ok(appearance)
}

impl Appearance {
    /// Adds what has appeared elsewhere.
    pub fn append(&mut self, other: Self) {
        self.protected.extend(other.protected);
        self.repositories.extend(other.repositories);
        self.closed.extend(other.closed);
        self.too_deep.extend(other.too_deep);
    }

    fn add_closed(&mut self, root: &Path, unreadable: Vec<Entry>) {
        self.closed.extend(unreadable.into_iter().map(|entry| (root.to_owned(), entry.path)));
    }

    /// A tree too deep to be looked through is a finding; every other error is one.
    fn add_too_deep(&mut self, root: &Path, error: SurveyError) -> Result<(), SurveyError> {
        let SurveyError::TooDeep { path, .. } = error else { return Err(error) };
        self.too_deep.push((root.to_owned(), path));
        Ok(())
    }

    fn add(&mut self, names: &Names, root: &Path, named: Vec<Entry>, found: Vec<Repository>, known: &[PathBuf]) {
        let named =
            named.into_iter().filter(|entry| names.cover_new(entry) && !known.contains(&root.join(&entry.path)));
        self.protected.extend(named.map(|entry| (root.to_owned(), entry.path)));
        let is_known = |repository: &Repository| {
            let git_directory = repository.git_dir.as_ref().map(|place| &place.path);
            known.contains(&root.join(&repository.at)) || git_directory.is_some_and(|path| known.contains(path))
        };
        for repository in found {
            let found = if is_known(&repository) { new_belongings(&repository, known) } else { vec![repository] };
            self.repositories.extend(found.into_iter().map(|repository| (root.to_owned(), repository)));
        }
    }
}

/// The new git directories of submodules and of linked worktrees in those that were known.
fn new_belongings(repository: &Repository, known: &[PathBuf]) -> Vec<Repository> {
    let places = repository.modules.iter().chain(repository.worktrees.iter().map(|worktree| &worktree.admin));
    let is_new = |place: &&Place| {
        !known.contains(&place.path) && (!place.outside || known.iter().any(|known| place.path.starts_with(known)))
    };
    let alone = |place: &Place| Repository {
        kind: RepositoryKind::Bare,
        at: place.path.clone(),
        git_dir: Some(place.clone()),
        worktrees: Vec::new(),
        modules: Vec::new(),
        ..repository.clone()
    };
    places.filter(is_new).map(alone).collect()
}
