//! What is git's own goes its own ways: an index that git has merely refreshed is in nobody's way, and a branch that has moved
//! on stays where it is, while that of the stage comes beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pinfold_stage::{Attributes, Change, Changes, Content, Digest, Kind, Layers, Meta, Step, Time, Tree, Wanted, What};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::opened::Place;
use crate::context::Context;
use crate::error::CliError;

/// What git notes for itself about branches: it makes sense only with them.
const NOTES: [&str; 7] = ["HEAD", "ORIG_HEAD", "FETCH_HEAD", "COMMIT_EDITMSG", "index", "packed-refs", "logs"];
/// What it adds and never changes, and notes that nobody reads in a diff.
const QUIET: [&str; 6] = ["objects", "logs", "index", "COMMIT_EDITMSG", "ORIG_HEAD", "FETCH_HEAD"];

/// What is good until it next writes there.
const SCRATCH: [&str; 2] = ["COMMIT_EDITMSG", "FETCH_HEAD"];

/// How long git may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to read all that a pack holds.
const PACK_PATIENCE: Duration = Duration::from_secs(900);

/// How much memory it may take for that.
const MEMORY_BYTES: u64 = 4 << 30;

/// The longest file of a branch.
const REF_BYTES: u64 = 256;

/// A path in a git directory: that of the directory, and what comes after it.
pub(super) fn parts(path: &Path) -> Option<(PathBuf, &Path)> {
    let components: Vec<_> = path.components().collect();
    let at = components.iter().position(|component| component.as_os_str() == ".git")?;
    let directory: PathBuf = components[..=at].iter().collect();
    path.strip_prefix(&directory).ok().map(|rest| (directory.clone(), rest))
}

/// Whether a path is a git directory, or in one.
pub(in crate::linux) fn is_gits(path: &Path) -> bool {
    path.iter().any(|name| name == ".git")
}

/// The git directory to which alone a change matters: ordinary files and directories that git keeps for itself.
pub(super) fn quiet(path: &Path, change: &Change) -> Option<PathBuf> {
    let (directory, rest) = parts(path)?;
    let is_quiet = QUIET.iter().any(|name| rest.starts_with(name)) && odd(path, change).is_none();
    is_quiet.then_some(directory)
}

/// The git directory whose own business a change is: what it keeps for itself, and branches, which make sense only together.
pub(super) fn own(path: &Path, change: &Change) -> Option<PathBuf> {
    let (directory, rest) = parts(path)?;
    let is_own = NOTES.iter().chain(&QUIET).chain(&["refs"]).any(|name| rest.starts_with(name));
    (is_own && odd(path, change).is_none()).then_some(directory)
}

/// What git itself does not do in its directories.
pub(super) fn odd(path: &Path, change: &Change) -> Option<&'static str> {
    let (_, rest) = parts(path)?;
    let after = change.after.as_ref()?;
    if !matches!(after.kind, Kind::File { .. } | Kind::Directory) {
        return Some("git writes and reads what it leads to");
    }
    let names: Vec<&OsStr> = rest.iter().collect();
    let has = |wanted: &[&str]| names.windows(wanted.len()).any(|window| window == wanted);
    let is_branch = rest.starts_with("refs") || rest.starts_with("logs");
    // Wherever a submodule has its own.
    let is_object = !is_branch && has(&["objects"]) && matches!(after.kind, Kind::File { .. });
    let info = has(&["objects", "info"]);
    match change.what {
        _ if !is_branch && info && rest.ends_with("alternates") => {
            Some("git reads objects of other repositories there")
        }
        _ if has(&["refs", "replace"]) => Some("git shows other objects in the place of those that it names"),
        _ if !is_branch && rest.ends_with("shallow") => {
            Some("git takes what it names for the beginning of all history")
        }
        What::Modified | What::KindChanged if is_object && !info => Some("git never changes an object"),
        _ => None,
    }
}

/// What comes another way.
#[derive(Default)]
pub(super) struct Aside {
    /// Paths that stay in the stage.
    pub(super) left: BTreeSet<PathBuf>,
    /// Branches that come beside those that have moved on.
    pub(super) steps: Vec<Step>,
    /// Under which names, by where they are in the place.
    pub(super) names: BTreeMap<PathBuf, String>,
    /// Files that say nothing which would be missed, by where they are in the place.
    pub(super) idle: BTreeSet<PathBuf>,
}

/// Looks at what was chosen in git directories. `stage` names the branches that come beside others.
pub(super) fn aside(git: &Git, place: &Place, stage: &str, chosen: impl Fn(&Path) -> bool) -> Result<Aside, CliError> {
    let mut aside = Aside::default();
    let chosen: Vec<Change> =
        place.changes.all().iter().filter(|change| chosen(&place.path(change))).cloned().collect();
    let directory = |change: &Change| parts(&place.path(change)).map(|(directory, _)| directory);
    let directories: BTreeSet<PathBuf> = chosen.iter().filter_map(directory).collect();
    for directory in directories {
        let inside: Vec<(&Change, PathBuf)> = chosen
            .iter()
            .filter_map(|change| {
                let path = place.path(change);
                path.strip_prefix(&directory).ok().map(|rest| (change, rest.to_owned()))
            })
            .collect();
        let moved: Vec<&(&Change, PathBuf)> =
            inside.iter().filter(|(change, rest)| rest.starts_with("refs") && place.has_moved(change)).collect();
        for (change, rest) in inside.iter().filter(|(change, _)| place.has_moved(change)) {
            if SCRATCH.iter().any(|name| rest == Path::new(name)) {
                aside.idle.insert(change.path.clone());
            } else if rest.starts_with("logs") {
                // Each has its own diary.
                aside.left.insert(place.path(change));
            }
        }
        if moved.is_empty() {
            for (change, _) in inside.iter().filter(|(_, rest)| rest == Path::new("index")) {
                if place.has_moved(change) && git.nothing_is_staged(&directory) {
                    aside.idle.insert(change.path.clone());
                }
            }
            continue;
        }
        // What is gone from among branches may stand in packed-refs, which is a note.
        let notes = inside.iter().filter(|(change, rest)| is_note(rest) || is_gone_branch(change, rest));
        aside.left.extend(notes.map(|(change, _)| place.path(change)));
        for (change, rest) in moved {
            aside.left.insert(place.path(change));
            aside.beside(place, change, &directory, rest, stage)?;
        }
    }
    Ok(aside)
}

impl Aside {
    /// What lies there by now is what is replaced.
    pub(super) fn settle(&self, place: &mut Place) -> Result<(), CliError> {
        if self.idle.is_empty() {
            return Ok(());
        }
        let forgotten = place.bases.forget(self.idle.iter().map(PathBuf::as_path));
        let settled = forgotten.and_then(|()| place.bases.settle(&place.layers, Time::LAST));
        settled.map_err(|error| CliError::from_error(&error))
    }

    /// A branch of the stage, as `refs/pinfold/STAGE/heads/NAME`.
    fn beside(
        &mut self,
        place: &Place,
        change: &Change,
        directory: &Path,
        rest: &Path,
        stage: &str,
    ) -> Result<(), CliError> {
        let (Some(after), Ok(name)) = (&change.after, rest.strip_prefix("refs")) else { return Ok(()) };
        // A branch is a line with the name of a commit.
        if !matches!(after.kind, Kind::File { bytes } if bytes <= REF_BYTES) {
            return Ok(());
        }
        let beside = Path::new("refs/pinfold").join(stage).join(name);
        let target = directory.join(&beside);
        let Ok(target) = target.strip_prefix(&place.root).map(Path::to_owned) else { return Ok(()) };
        let meta = |mode| Meta { mode, modified: after.modified, attributes: Attributes::new() };
        let real = place.layers.real();
        let node = |path: &Path| real.node(path).map_err(|error| CliError::new(error.to_string()));
        let made: Vec<&Path> = target
            .ancestors()
            .skip(1)
            .take_while(|path| path.starts_with(directory.strip_prefix(&place.root).unwrap_or(Path::new(""))))
            .collect();
        for path in made.into_iter().rev() {
            if node(path)?.is_none() && !self.steps.iter().any(|step| step.path == path) {
                self.steps.push(Step { path: path.to_owned(), expected: None, wanted: Wanted::Directory(meta(0o755)) });
            }
        }
        let layer = Arc::clone(place.layers.layer(change.layer));
        let wanted = Wanted::File(Content::Of(layer, change.path.clone()), meta(0o644));
        self.steps.push(Step { expected: node(&target)?, path: target, wanted });
        self.names.insert(change.path.clone(), beside.to_string_lossy().into_owned());
        Ok(())
    }
}

fn is_note(rest: &Path) -> bool {
    NOTES.iter().any(|note| rest.starts_with(note))
}

fn is_gone_branch(change: &Change, rest: &Path) -> bool {
    change.after.is_none() && rest.starts_with("refs")
}

/// Takes out of a list of changes what git makes of objects to be quicker, and believes: it makes it again where it is missing.
pub(super) fn leave_out_caches(root: &Path, changes: &mut Changes) {
    let is_cache = |change: &Change| parts(&root.join(&change.path)).is_some_and(|(_, rest)| is_cache(rest));
    changes.retain(|change| change.after.is_none() || !is_cache(change));
}

fn is_cache(rest: &Path) -> bool {
    let Some(below) = below_objects(rest) else { return false };
    // Also what lies in a directory of such a name.
    let name = below.iter().nth(1).unwrap_or_default().to_string_lossy();
    let is_in = |directory: &str| below.starts_with(directory);
    let beside_packs =
        [".bitmap", ".rev", ".mtimes"].iter().any(|end| name.ends_with(end)) || name.starts_with("multi-pack-index");
    is_in("info/commit-graph") || is_in("info/commit-graphs") || is_in("pack") && beside_packs
}

/// What comes after the directory of objects, in a path below a git directory or below that of a submodule in it.
fn below_objects(rest: &Path) -> Option<PathBuf> {
    let names: Vec<&OsStr> = rest.iter().collect();
    let (above, below) = names.split_at(names.iter().position(|name| *name == "objects")?);
    let is_of_branches = |name: &&OsStr| ["refs", "logs"].iter().any(|other| name == other);
    let is_a_repository = above.first().is_none_or(|first| *first == "modules") && !above.iter().any(is_of_branches);
    is_a_repository.then(|| below[1..].iter().collect())
}

/// Takes out of a list of changes the branches that have moved on and beside which those of the stage lie already, with what
/// makes sense only with them.
pub(super) fn leave_out_beside(
    stage: &str,
    root: &Path,
    layers: &Layers,
    changes: &mut Changes,
    has_moved: impl Fn(&Change) -> bool,
) {
    let is_there = |change: &&Change| has_moved(change) && is_beside(stage, root, layers, change).unwrap_or(false);
    let there: BTreeSet<PathBuf> = changes.all().iter().filter(is_there).map(|change| change.path.clone()).collect();
    let directories: BTreeSet<PathBuf> =
        there.iter().filter_map(|path| parts(&root.join(path)).map(|(directory, _)| directory)).collect();
    let makes_no_sense = |change: &Change| {
        parts(&root.join(&change.path)).is_some_and(|(directory, rest)| {
            directories.contains(&directory) && (is_note(rest) || is_gone_branch(change, rest))
        })
    };
    if !there.is_empty() {
        changes.retain(|change| !there.contains(&change.path) && !makes_no_sense(change));
    }
}

/// Whether a branch lies beside the one that it would replace, as it is.
fn is_beside(stage: &str, root: &Path, layers: &Layers, change: &Change) -> io::Result<bool> {
    let path = root.join(&change.path);
    let Some((directory, rest)) = parts(&path) else { return Ok(false) };
    let (Some(after), Ok(name)) = (&change.after, rest.strip_prefix("refs")) else { return Ok(false) };
    let beside = directory.join("refs/pinfold").join(stage).join(name);
    let (Kind::File { bytes: ..=REF_BYTES }, Ok(beside)) = (&after.kind, beside.strip_prefix(root)) else {
        return Ok(false);
    };
    let read = |tree: &Tree, path: &Path| {
        let mut text = String::new();
        tree.file(path)?.take(REF_BYTES).read_to_string(&mut text).map(|_| text)
    };
    Ok(layers.real().node(beside)?.is_some()
        && read(layers.real(), beside)? == read(layers.layer(change.layer), &change.path)?)
}

/// A branch of a stage, beside one that had moved on.
pub(crate) struct Beside {
    pub(crate) name: String,
    commit: String,
    /// Whether another branch or tag has what it names.
    pub(crate) is_merged: bool,
}

impl Beside {
    /// The stage that it came from.
    pub(crate) fn stage(&self) -> &str {
        self.name.strip_prefix("refs/pinfold/").and_then(|rest| rest.split('/').next()).unwrap_or_default()
    }

    /// How to be rid of it.
    pub(crate) fn remedy(&self) -> String {
        let name = &self.name;
        match self.is_merged {
            true => "it is merged, and pinfold doctor --clean removes it".to_owned(),
            false => format!("git merge {name}, or git update-ref -d {name} to lose it"),
        }
    }
}

/// Git as the caller finds it, outside of the workspace.
pub(crate) struct Git {
    program: Option<PathBuf>,
    /// Variables that would make it look at something else than what it is asked about.
    misleading: Vec<OsString>,
}

impl Git {
    pub(in crate::linux) fn of(context: &Context) -> Self {
        Self::outside(context, &context.workspace)
    }

    /// The same, outside of another one.
    pub(crate) fn outside(context: &Context, workspace: &Path) -> Self {
        let program = context.program(Path::new("git")).filter(|git| !git.starts_with(workspace));
        let is_misleading =
            |name: &str| name.starts_with("GIT_") && !name.starts_with("GIT_CONFIG") && name != "GIT_EXEC_PATH";
        let names = context.environment.iter().map(|(name, _)| name);
        let misleading = names.filter(|name| name.to_str().is_some_and(is_misleading)).cloned().collect();
        Self { program, misleading }
    }

    /// The branches of stages beside others in the repository of a workspace: of one stage, or of all.
    pub(crate) fn beside(&self, workspace: &Path, stage: Option<&str>) -> Vec<Beside> {
        let below = stage.map_or_else(|| "refs/pinfold/".to_owned(), |stage| format!("refs/pinfold/{stage}/"));
        let listed = self.said(workspace, &["for-each-ref", "--format=%(objectname) %(refname)", &below]);
        let listed = listed.iter().flat_map(|listed| listed.lines().filter_map(|line| line.split_once(' ')));
        let of = |(commit, name): (&str, &str)| {
            let elsewhere =
                ["for-each-ref", "--count=1", "--contains", commit, "refs/heads", "refs/remotes", "refs/tags"];
            let is_merged = self.said(workspace, &elsewhere).is_some_and(|found| !found.is_empty());
            Beside { name: name.to_owned(), commit: commit.to_owned(), is_merged }
        };
        listed.map(of).collect()
    }

    /// Removes a branch beside others, if it still is what was looked at.
    pub(crate) fn remove(&self, workspace: &Path, beside: &Beside) -> bool {
        self.said(workspace, &["update-ref", "--no-deref", "-d", &beside.name, &beside.commit]).is_some()
    }

    /// What git says in a workspace that is a repository.
    fn said(&self, workspace: &Path, words: &[&str]) -> Option<String> {
        let directory = workspace.join(".git");
        let mut git = self.command().filter(|_| directory.exists() && is_plain(&directory))?;
        let output = git.args(words).current_dir(workspace).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether a path is an index that says nothing but what was committed.
    pub(in crate::linux) fn is_idle_index(&self, path: &Path) -> bool {
        parts(path).is_some_and(|(directory, rest)| rest == Path::new("index") && self.nothing_is_staged(&directory))
    }

    /// By what is known what an index says: what git would commit next, and of which files it takes no notice.
    pub(super) fn index_says(&self, path: &Path) -> Option<Digest> {
        let (directory, _) = parts(path).filter(|(_, rest)| *rest == Path::new("index"))?;
        let mut git = self.about(&directory, directory.parent()?)?;
        git.args(["ls-files", "-v", "--stage", "-z"]);
        said_in_time(git, PATIENCE).map(|listed| Digest::of(&listed))
    }

    /// Whether a pack holds what it says.
    pub(super) fn verifies(&self, index: &Path) -> bool {
        // From outside of any repository: its settings have no say.
        let Some(mut git) = self.command() else { return false };
        let digits = index.file_stem().and_then(OsStr::to_str).and_then(|stem| stem.strip_prefix("pack-"));
        let format = if digits.is_some_and(|digits| digits.len() == 64) { "sha256" } else { "sha1" };
        git.args(["verify-pack", &format!("--object-format={format}")]).arg(index).current_dir("/");
        said_in_time(git, PACK_PATIENCE).is_some()
    }

    /// Whether what git would commit next is what was committed last: then its index says nothing that would be lost.
    fn nothing_is_staged(&self, directory: &Path) -> bool {
        let Some(mut git) = directory.parent().and_then(|tree| self.about(directory, tree)) else { return false };
        git.args(["diff", "--cached", "--quiet", "--no-ext-diff", "--no-textconv"]);
        said_in_time(git, PATIENCE).is_some()
    }

    /// Which of these paths in a tree git would ignore if it did not track them. Directories end with a slash. What git does
    /// not want to be asked about, such as what lies behind a link, it does not ignore.
    pub(super) fn ignored(&self, tree: &Path, asked: impl Iterator<Item = PathBuf>) -> io::Result<BTreeSet<PathBuf>> {
        let Some(mut git) = self.about(&tree.join(".git"), tree) else { return Ok(BTreeSet::new()) };
        git.args(["check-ignore", "--no-index", "--stdin", "-z"]);
        // What begins with a colon would mean something.
        let asked: Vec<u8> = asked.flat_map(|path| [b"./", path.as_os_str().as_bytes(), b"\0"].concat()).collect();
        if asked.is_empty() {
            return Ok(BTreeSet::new());
        }
        // Not a pipe: git may end before it has heard everything, and whoever writes to it then ends as well.
        let mut input = File::from(memfd_create("paths", MemfdFlags::CLOEXEC)?);
        input.write_all(&asked)?;
        input.rewind()?;
        let answer = git.stdin(input).output()?.stdout;
        Ok(paths(&answer).map(|path| path.strip_prefix("./").unwrap_or(&path).components().collect()).collect())
    }

    /// All paths that git tracks in a tree, sorted; nothing where it does not say.
    pub(super) fn tracked(&self, tree: &Path) -> io::Result<Option<BTreeSet<PathBuf>>> {
        let Some(mut git) = self.about(&tree.join(".git"), tree) else { return Ok(None) };
        let listed = git.args(["ls-files", "-z"]).output()?;
        Ok(listed.status.success().then(|| paths(&listed.stdout).collect()))
    }

    /// What the user has set for himself, wherever he works.
    pub(super) fn setting(&self, context: &Context, name: &str) -> Option<String> {
        let mut git = self.command()?;
        git.args(["config", "--global", "--includes", "--get", name]).env("GIT_DIR", "/dev/null");
        let said = git.current_dir(&context.home).output().ok()?;
        let said = String::from_utf8(said.stdout).ok().filter(|_| said.status.success())?;
        Some(said.trim_end_matches('\n').to_owned())
    }

    /// Git asked about a repository and its tree.
    fn about(&self, directory: &Path, tree: &Path) -> Option<Command> {
        let mut git = self.command().filter(|_| is_plain(directory))?;
        git.env("GIT_DIR", directory).env("GIT_WORK_TREE", tree).current_dir(tree);
        Some(git)
    }

    /// Git asked so that it executes nothing that a repository names, and writes nothing but what it is told to.
    fn command(&self) -> Option<Command> {
        let mut git = Command::new(self.program.as_ref()?);
        git.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false"]);
        for name in &self.misleading {
            git.env_remove(name);
        }
        git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        git.stdin(Stdio::null()).stderr(Stdio::null());
        Some(git)
    }
}

/// Whether git would open nothing first in a directory that it could wait for, such as a pipe.
fn is_plain(directory: &Path) -> bool {
    ["config", "config.worktree", "HEAD", "index", "commondir", "packed-refs"].iter().all(|name| {
        match directory.join(name).metadata() {
            Ok(found) => found.is_file(),
            // A linked worktree has a file that says where its directory is.
            Err(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        }
    })
}

/// What git says when it succeeds, unless that takes too long or too much memory: wherever it reads, a run may have left something
/// to wait for, or that becomes a thousand times as large.
fn said_in_time(mut git: Command, patience: Duration) -> Option<Vec<u8>> {
    let mut said = File::from(memfd_create("said", MemfdFlags::CLOEXEC).ok()?);
    let mut git = git.stdout(said.try_clone().ok()?).spawn().ok()?;
    let most = Rlimit { current: Some(MEMORY_BYTES), maximum: Some(MEMORY_BYTES) };
    let _ = prlimit(Some(Pid::from_child(&git)), Resource::Data, most);
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_micros(500);
    let status = loop {
        match git.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = git.kill();
                let _ = git.wait();
                return None;
            }
            None => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let mut text = Vec::new();
    said.rewind().and_then(|()| said.read_to_end(&mut text)).ok()?;
    status.success().then_some(text)
}

/// A list of paths, each ended by a zero.
fn paths(list: &[u8]) -> impl Iterator<Item = PathBuf> {
    list.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(|path| OsStr::from_bytes(path).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_objects_is_told_from_branches_of_such_names() {
        let below = |rest: &str| below_objects(Path::new(rest)).map(|below| below.to_string_lossy().into_owned());
        assert_eq!(below("objects/pack/a.idx").as_deref(), Some("pack/a.idx"));
        assert_eq!(below("modules/libs/a/modules/b/objects/ab/cd").as_deref(), Some("ab/cd"));
        for other in
            ["refs/heads/objects/pack/a.idx", "modules/a/refs/objects/ab", "logs/objects/ab", "modules/a/config"]
        {
            assert_eq!(below(other), None, "{other}");
        }
        assert!(
            is_cache(Path::new("modules/a/objects/info/commit-graph")) && !is_cache(Path::new("objects/pack/a.idx"))
        );
    }
}
