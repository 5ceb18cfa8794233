//! Git directories: how to recognise one, and what belongs to it. Reads files, never runs git.

use std::{
    collections::{HashMap, HashSet},
    path::{Component, Path, PathBuf},
};

use crate::{
    Kind, Place, Repository, RepositoryKind, Worktree,
    limits::{DEPTH, GIT_FILE_BYTES},
    names,
    sys::{self, Buffer, Dir},
};

/// Which of git's own names a directory holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Shape(u8);

impl Shape {
    const HEAD: u8 = 1;
    const OBJECTS: u8 = 2;
    const REFS: u8 = 4;
    const COMMONDIR: u8 = 8;
    const WORKTREES: u8 = 16;
    const MODULES: u8 = 32;
    const NAMES: [&[u8]; 6] = [b"HEAD", b"objects", b"refs", b"commondir", b"worktrees", b"modules"];

    #[inline]
    pub(crate) fn add(&mut self, name: &[u8], kind: Kind) {
        let is_dir = kind == Kind::Directory;
        self.0 |= match names::as_known(name, &Self::NAMES) {
            b"HEAD" if !is_dir => Self::HEAD,
            // Git follows a symlink here and takes a file that may be executed for a directory.
            b"objects" => Self::OBJECTS,
            b"refs" => Self::REFS,
            b"commondir" if !is_dir => Self::COMMONDIR,
            b"worktrees" if is_dir => Self::WORKTREES,
            b"modules" if is_dir => Self::MODULES,
            _ => 0,
        };
    }

    /// Whether git would take the directory for a git directory, whatever the files contain (they can be changed
    /// without a trace in the directory).
    pub(crate) fn is_git(self) -> bool {
        self.has(Self::HEAD) && (self.has(Self::OBJECTS | Self::REFS) || self.has(Self::COMMONDIR))
    }

    fn has(self, bits: u8) -> bool {
        self.0 & bits == bits
    }
}

/// An entry or a directory that is, or leads to, a git directory.
pub(crate) struct Candidate {
    pub(crate) root: usize,
    /// Relative to the root.
    pub(crate) path: PathBuf,
    /// `None` for a directory that is known by its shape and not by its name.
    pub(crate) entry: Option<Kind>,
    pub(crate) shape: Option<Shape>,
}

/// A root as the caller named it, opened.
pub(crate) struct Root<'a> {
    pub(crate) path: &'a Path,
    pub(crate) dir: &'a Dir,
}

/// What belongs to a git directory.
#[derive(Clone, Default)]
struct Belongings {
    worktrees: Vec<Worktree>,
    modules: Vec<Place>,
}

/// Finds out what belongs to what.
pub(crate) struct Resolver<'a> {
    roots: &'a [Root<'a>],
    /// The roots without symlinks; empty until first needed.
    resolved_roots: Vec<PathBuf>,
    /// By absolute path of a git directory that is not below a root.
    seen: HashMap<PathBuf, Belongings>,
    buffer: Buffer,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(roots: &'a [Root<'a>]) -> Self {
        Self { roots, resolved_roots: Vec::new(), seen: HashMap::new(), buffer: Buffer::new() }
    }

    /// The repositories that the candidates make. Submodules' git directories and the administrative directories of
    /// linked worktrees are listed with the repository that they belong to, not once more by themselves.
    pub(crate) fn repositories(&mut self, candidates: Vec<Candidate>) -> Vec<Repository> {
        let (mut shapes, mut entries) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match candidate.entry {
                Some(_) => entries.push(candidate),
                None => shapes.push(candidate),
            }
        }
        let known: HashMap<(usize, &Path), Shape> = shapes
            .iter()
            .filter_map(|candidate| Some(((candidate.root, candidate.path.as_path()), candidate.shape?)))
            .collect();
        let mut repositories = Vec::new();
        for candidate in &entries {
            let shape = known.get(&(candidate.root, candidate.path.as_path()));
            repositories.push(self.repository(candidate, shape.copied()));
        }
        for candidate in &shapes {
            let named_git = candidate.path.file_name().is_some_and(|name| {
                names::same_name(name.as_encoded_bytes(), b".git") && !candidate.path.as_os_str().is_empty()
            });
            if !named_git {
                repositories.push(self.repository(candidate, candidate.shape));
            }
        }
        let mut owned = HashSet::new();
        for repository in &repositories {
            owned.extend(repository.modules.iter().map(|place| place.path.clone()));
            owned.extend(repository.worktrees.iter().map(|tree| tree.admin.path.clone()));
        }
        repositories.retain(|repository| {
            repository.kind != RepositoryKind::Bare
                || repository.git_dir.as_ref().is_none_or(|place| !owned.contains(&place.path))
        });
        repositories
    }

    fn repository(&mut self, candidate: &Candidate, shape: Option<Shape>) -> Repository {
        let at = self.roots[candidate.root].path.join(&candidate.path);
        let inside = |path: PathBuf| Place { path, outside: false };
        let work_tree = at.parent().map(Path::to_path_buf);
        let mut repository = Repository {
            kind: RepositoryKind::Bare,
            root: candidate.root,
            at: candidate.path.clone(),
            work_tree: None,
            git_dir: None,
            common_dir: None,
            worktrees: Vec::new(),
            modules: Vec::new(),
            acknowledged: false,
        };
        match candidate.entry {
            None | Some(Kind::Directory) => {
                if candidate.entry.is_some() {
                    repository.kind = RepositoryKind::Directory;
                    repository.work_tree = work_tree;
                }
                repository.git_dir = Some(inside(at.clone()));
                repository.common_dir = Some(inside(at.clone()));
                repository.acknowledged = true;
                let shape = shape.unwrap_or_default();
                if shape.0 & (Shape::COMMONDIR | Shape::WORKTREES | Shape::MODULES) != 0
                    && let Ok(dir) = self.open_candidate(candidate)
                {
                    if shape.has(Shape::COMMONDIR) {
                        repository.common_dir = self.common_dir(&dir, &at);
                    }
                    let belongings = self.belongings(&dir, &at);
                    repository.worktrees = belongings.worktrees;
                    repository.modules = belongings.modules;
                    self.belongings_elsewhere(&mut repository);
                }
            }
            Some(Kind::File) => {
                repository.kind = RepositoryKind::File;
                repository.work_tree = work_tree;
                if let Some(place) = self.read_git_file(candidate, &at) {
                    self.follow(&mut repository, place, &at);
                }
            }
            Some(_) => {
                repository.kind = RepositoryKind::Symlink;
                repository.work_tree = work_tree;
                if let Some(target) = self.read_git_link(candidate) {
                    let place = self.resolve(at.parent().unwrap_or(Path::new("/")), &target);
                    self.follow(&mut repository, place, &at);
                }
            }
        }
        repository
    }

    /// Fills in what is behind a `.git` file or symlink.
    fn follow(&mut self, repository: &mut Repository, git_dir: Place, at: &Path) {
        let Ok(dir) = self.open(&git_dir.path) else {
            repository.git_dir = Some(git_dir);
            return;
        };
        repository.acknowledged = self.names_in_return(&dir, &git_dir.path, at);
        repository.common_dir = self.common_dir(&dir, &git_dir.path);
        if git_dir.outside {
            let belongings = self.belongings_of_outside(&dir, &git_dir.path);
            repository.worktrees = belongings.worktrees;
            repository.modules = belongings.modules;
        }
        repository.git_dir = Some(git_dir);
        self.belongings_elsewhere(repository);
    }

    /// Adds what belongs to a common directory outside of all roots, as nobody else will report it.
    fn belongings_elsewhere(&mut self, repository: &mut Repository) {
        let (Some(common), Some(own)) = (repository.common_dir.clone(), &repository.git_dir) else {
            return;
        };
        if common.outside
            && common.path != own.path
            && let Ok(dir) = self.open(&common.path)
        {
            let belongings = self.belongings_of_outside(&dir, &common.path);
            repository.worktrees.extend(belongings.worktrees);
            repository.modules.extend(belongings.modules);
            // Those of the worktree itself are among them.
            repository.modules.sort_unstable();
            repository.modules.dedup();
        }
    }

    fn belongings_of_outside(&mut self, dir: &Dir, path: &Path) -> Belongings {
        if let Some(known) = self.seen.get(path) {
            return known.clone();
        }
        let belongings = self.belongings(dir, path);
        self.seen.insert(path.to_path_buf(), belongings.clone());
        belongings
    }

    fn belongings(&mut self, dir: &Dir, path: &Path) -> Belongings {
        let mut all = Belongings::default();
        self.collect(dir, path, 0, &mut all);
        all.worktrees.sort_by(|one, other| one.admin.path.cmp(&other.admin.path));
        all.modules.sort_by(|one, other| one.path.cmp(&other.path));
        all
    }

    /// Adds the linked worktrees and the submodules of a git directory, and theirs.
    fn collect(&mut self, dir: &Dir, path: &Path, depth: usize, all: &mut Belongings) {
        if depth > DEPTH {
            return;
        }
        if let Ok(worktrees) = dir.open_beneath(b"worktrees") {
            let path = path.join("worktrees");
            for name in self.list(&worktrees).1 {
                let admin = path.join(sys::path(&name));
                let work_tree = worktrees.open_beneath(&name).ok().and_then(|dir| {
                    // A worktree has submodules of its own.
                    self.collect(&dir, &admin, depth + 1, all);
                    let git_file = self.read_path(&dir, b"gitdir", &admin)?;
                    let parent = git_file.path.parent()?.to_path_buf();
                    Some(self.place(parent))
                });
                let admin = self.place(admin);
                all.worktrees.push(Worktree { admin, work_tree });
            }
        }
        if let Ok(modules) = dir.open_beneath(b"modules") {
            let names = self.list(&modules).1;
            self.collect_modules(&modules, &names, &path.join("modules"), depth + 1, all);
        }
    }

    /// Adds the git directories among `names` in `dir`, and below: the name of a submodule may have slashes in it.
    fn collect_modules(&mut self, dir: &Dir, names: &[Vec<u8>], path: &Path, depth: usize, all: &mut Belongings) {
        if depth > DEPTH {
            return;
        }
        for name in names {
            let Ok(child) = dir.open_beneath(name) else {
                continue;
            };
            let path = path.join(sys::path(name));
            let (shape, names) = self.list(&child);
            if shape.is_git() {
                let place = self.place(path.clone());
                all.modules.push(place);
                self.collect(&child, &path, depth + 1, all);
            } else {
                self.collect_modules(&child, &names, &path, depth + 1, all);
            }
        }
    }

    /// The shape of a freshly opened directory, and the directories in it.
    fn list(&mut self, dir: &Dir) -> (Shape, Vec<Vec<u8>>) {
        let (mut shape, mut names) = (Shape::default(), Vec::new());
        // What was read before an error still counts.
        let _ = dir.entries(&mut self.buffer, |with_nul, kind, _| {
            let name = &with_nul[..with_nul.len() - 1];
            shape.add(name, kind);
            if kind == Kind::Directory {
                names.push(name.to_vec());
            }
        });
        (shape, names)
    }

    fn open_candidate(&self, candidate: &Candidate) -> std::io::Result<Dir> {
        self.roots[candidate.root].dir.open_far(candidate.path.as_os_str().as_encoded_bytes())
    }

    /// Opens a resolved path: below its root if it has one.
    fn open(&self, path: &Path) -> std::io::Result<Dir> {
        for root in self.roots {
            if let Ok(relative) = path.strip_prefix(root.path) {
                return root.dir.open_far(relative.as_os_str().as_encoded_bytes());
            }
        }
        Dir::open_resolved(path)
    }

    fn read_git_file(&mut self, candidate: &Candidate, at: &Path) -> Option<Place> {
        let content = self.parent(candidate).ok()?.read_file(file_name(candidate), GIT_FILE_BYTES).ok()?;
        let target = trimmed(content.strip_prefix(b"gitdir: ")?)?;
        Some(self.resolve(at.parent()?, &sys::path(target)))
    }

    fn read_git_link(&self, candidate: &Candidate) -> Option<PathBuf> {
        self.parent(candidate).ok()?.read_link(file_name(candidate)).ok()
    }

    fn parent(&self, candidate: &Candidate) -> std::io::Result<Dir> {
        let parent = candidate.path.parent().map_or(&[][..], |parent| parent.as_os_str().as_encoded_bytes());
        self.roots[candidate.root].dir.open_far(parent)
    }

    fn common_dir(&mut self, git_dir: &Dir, path: &Path) -> Option<Place> {
        match git_dir.look(b"commondir") {
            Ok(_) => self.read_path(git_dir, b"commondir", path),
            Err(_) => Some(self.place(path.to_path_buf())),
        }
    }

    /// A path that the file `name` of the git directory at `path` holds.
    fn read_path(&mut self, dir: &Dir, name: &[u8], path: &Path) -> Option<Place> {
        let content = dir.read_file(name, GIT_FILE_BYTES).ok()?;
        Some(self.resolve(path, &sys::path(trimmed(&content)?)))
    }

    /// Whether the git directory says by itself that it serves the work tree whose `.git` entry is `at`.
    fn names_in_return(&mut self, dir: &Dir, path: &Path, at: &Path) -> bool {
        let resolved = self.resolve(Path::new("/"), at).path;
        if let Ok(content) = dir.read_file(b"gitdir", GIT_FILE_BYTES) {
            // Not resolved to the end: the last component is the `.git` file itself.
            let Some(target) = trimmed(&content) else {
                return false;
            };
            return self.resolve(path, &sys::path(target)).path == resolved;
        }
        let Ok(config) = dir.read_file(b"config", GIT_FILE_BYTES) else {
            return false;
        };
        match (core_worktree(&config), resolved.parent()) {
            (Some(worktree), Some(parent)) => self.resolve(path, &sys::path(&worktree)).path == parent,
            _ => false,
        }
    }

    /// An absolute path without symlinks, or, where nothing is, without `.` and `..` at least.
    fn resolve(&mut self, base: &Path, target: &Path) -> Place {
        let joined = base.join(target);
        let resolved = sys::resolved(&joined).unwrap_or_else(|_| resolve_above(&joined));
        self.place(resolved)
    }

    /// Says whether a resolved path is below a root, and if so, names it as the caller named the root.
    fn place(&mut self, path: PathBuf) -> Place {
        if self.roots.iter().any(|root| path.starts_with(root.path)) {
            return Place { path, outside: false };
        }
        if self.resolved_roots.is_empty() {
            let resolved = |root: &Root<'_>| sys::resolved(root.path).unwrap_or_else(|_| root.path.into());
            self.resolved_roots = self.roots.iter().map(resolved).collect();
        }
        for (root, resolved) in self.roots.iter().zip(&self.resolved_roots) {
            if let Ok(relative) = path.strip_prefix(resolved) {
                let path = match relative.as_os_str().is_empty() {
                    true => root.path.to_path_buf(),
                    false => root.path.join(relative),
                };
                return Place { path, outside: false };
            }
        }
        Place { path, outside: true }
    }
}

fn file_name(candidate: &Candidate) -> &[u8] {
    candidate.path.file_name().unwrap_or_default().as_encoded_bytes()
}

/// Without the line ends that git ignores; `None` if nothing is left.
fn trimmed(content: &[u8]) -> Option<&[u8]> {
    let end = content.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'))?;
    let content = &content[..=end];
    (!content.contains(&0)).then_some(content)
}

/// Resolves as much of a path as exists, and the rest by its words.
fn resolve_above(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    let above = clean.ancestors().skip(1).find_map(|above| Some((above, sys::resolved(above).ok()?)));
    match above {
        Some((above, resolved)) => match clean.strip_prefix(above) {
            Ok(rest) => resolved.join(rest),
            Err(_) => clean,
        },
        None => clean,
    }
}

/// The value of `core.worktree` in a git config, as git itself writes it.
fn core_worktree(config: &[u8]) -> Option<Vec<u8>> {
    let mut in_core = false;
    let mut found = None;
    for line in config.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        if line.starts_with(b"[") {
            in_core = line.eq_ignore_ascii_case(b"[core]");
        } else if in_core
            && let Some(equals) = line.iter().position(|&byte| byte == b'=')
            && line[..equals].trim_ascii().eq_ignore_ascii_case(b"worktree")
        {
            let value = line[equals + 1..].trim_ascii();
            let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
            found = Some(bare.unwrap_or(value).to_vec());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(names: &[(&str, Kind)]) -> bool {
        let mut shape = Shape::default();
        for (name, kind) in names {
            shape.add(name.as_bytes(), *kind);
        }
        shape.is_git()
    }

    #[test]
    fn whatever_git_would_accept_has_the_shape_of_a_git_directory() {
        use Kind::{Directory, File, Symlink};
        assert!(shape(&[("HEAD", File), ("objects", Directory), ("refs", Directory)]));
        assert!(shape(&[("HEAD", Symlink), ("objects", Symlink), ("refs", Symlink)]));
        assert!(shape(&[("HEAD", File), ("objects", File), ("refs", File)]));
        assert!(shape(&[("HEAD", File), ("commondir", File)]));
        assert!(!shape(&[("HEAD", Directory), ("objects", Directory), ("refs", Directory)]));
        assert!(!shape(&[("HEAD", File), ("objects", Directory)]));
    }

    #[test]
    fn the_work_tree_of_a_submodule_is_read_from_its_config() {
        let config = b"[core]\n\tbare = false\n\tworktree = ../../../sub\n[remote \"x\"]\n\tworktree = no\n";
        assert_eq!(core_worktree(config).unwrap(), b"../../../sub");
        assert_eq!(core_worktree(b"[core]\n\tbare = true\n"), None);
    }

    #[test]
    fn a_path_that_does_not_exist_is_resolved_as_far_as_it_does() {
        let here = sys::resolved(&std::env::temp_dir()).unwrap();
        let missing = here.join("no-such-directory").join("x/../y/./z");
        assert_eq!(resolve_above(&missing), here.join("no-such-directory/y/z"));
    }

    #[test]
    fn line_ends_are_cut_off_and_empty_or_broken_contents_are_nothing() {
        assert_eq!(trimmed(b"/a b \r\n\n"), Some(b"/a b ".as_slice()));
        assert_eq!(trimmed(b"\n"), None);
        assert_eq!(trimmed(b"a\0b"), None);
    }
}
