//! What has appeared under protected names since the start of a run.

use std::path::{Path, PathBuf};

use pinfold_survey::{Entry, Place, Repository, RepositoryKind, SurveyError};

use super::{Names, Tree};

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
