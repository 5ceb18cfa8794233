//! What a run keeps on disk: the private home of its workspace, the layers over package caches, and a record that it
//! is running, so that the next start can repair what a killed supervisor left.
//!
//! ```text
//! STATE/workspaces/ID/path           the workspace's path
//! STATE/workspaces/ID/home/          the private home
//! STATE/workspaces/ID/layers/N/…     upper layers of the caches, one N per simultaneous run
//! STATE/workspaces/ID/layers/N.trust.pem    certificates that such a run trusts; N.trust.jks for Java
//! STATE/workspaces/ID/stages/        what staged runs wrote (`pinfold_stage::Stages`)
//! STATE/workspaces/ID/before/        what direct runs have changed (`pinfold_stage::before::Befores`)
//! STATE/sessions/ID.json             a run; locked as long as its supervisor lives
//! STATE/control/ID                   its control socket
//! STATE/quarantine/ID/               what it quarantined
//! STATE/ledger/                      the record of all runs
//! STATE/digests                      digests of programs that were executed
//! ```

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_confine::hex;
use pinfold_confine::letters::{bytes, letters};
use pinfold_confine::linux::probe::Names;
use pinfold_plan::Watch;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::control::{Introduction, Remember};
use crate::linux::control::{Control, Place, Watched};
use crate::linux::open;
use crate::linux::watch::Quarantine;

/// Most runs at the same time in one workspace.
const MAX_SIMULTANEOUS: usize = 256;
/// The directory of stages.
const STAGES: &str = "stages";
/// The directory of what direct runs have changed.
const BEFORE: &str = "before";
/// The directory of control sockets.
const CONTROL: &str = "control";
/// Largest session record that is read back, in bytes.
const MAX_RECORD_BYTES: u64 = 16 << 20;

/// A file or directory of the store that could not be used.
#[derive(Debug, Error)]
#[error("failed to {action} {}", path.display())]
pub struct SessionError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Names the path that an error happened at.
fn at<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, SessionError> {
    result.map_err(|source| SessionError { action, path: path.to_owned(), source })
}

/// The directory that holds everything pinfold keeps between runs.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// A store in `root`, made when missing, readable by the caller only.
    pub fn open(root: PathBuf) -> Result<Self, SessionError> {
        for directory in ["workspaces", "sessions", CONTROL, "quarantine"] {
            let path = root.join(directory);
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
            at(made, "make", &path)?;
        }
        Ok(Self { root })
    }

    /// Where the stages of a workspace are kept, in the store of that directory.
    pub fn stages(root: &Path, workspace: &Path) -> PathBuf {
        root.join("workspaces").join(workspace_id(workspace)).join(STAGES)
    }

    /// Where it is kept what direct runs of a workspace have changed, likewise.
    pub fn befores(root: &Path, workspace: &Path) -> PathBuf {
        root.join("workspaces").join(workspace_id(workspace)).join(BEFORE)
    }

    /// What is kept for a workspace, with a layer directory that no other run uses at the same time.
    pub fn workspace(&self, workspace: &Path) -> Result<WorkspaceStore, SessionError> {
        let root = self.root.join("workspaces").join(workspace_id(workspace));
        let layers = root.join("layers");
        let path_file = root.join("path");
        if !path_file.exists() {
            at(std::fs::create_dir_all(root.join("home")), "make", &root)?;
            at(std::fs::create_dir_all(&layers), "make", &layers)?;
            at(std::fs::create_dir_all(root.join("temp")), "make", &root)?;
            at(std::fs::write(&path_file, workspace.as_os_str().as_bytes()), "write", &path_file)?;
        }
        let path = root.join("home.lock");
        let home_lock = at(lock_file(&path), "open", &path)?;
        at(home_lock.lock_shared(), "lock", &path)?;
        for slot in 0..MAX_SIMULTANEOUS {
            let path = layers.join(format!("{slot}.lock"));
            let lock = at(lock_file(&path), "open", &path)?;
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(WorkspaceStore { layers: layers.join(slot.to_string()), root, home_lock, _lock: lock });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return at(Err(error), "lock", &path),
            }
        }
        at(Err(io::ErrorKind::QuotaExceeded.into()), "find a free layer in", &layers)
    }

    /// Runs whose supervisor ended without finishing.
    pub fn leftovers(&self) -> Result<Vec<Leftover>, SessionError> {
        let sessions = self.root.join("sessions");
        let entries = at(std::fs::read_dir(&sessions), "list", &sessions)?;
        let control = self.control_directory();
        Ok(entries.flatten().filter_map(|entry| Leftover::take(&entry.path(), &control)).collect())
    }

    /// Where the control sockets of sessions are.
    pub fn control_directory(&self) -> PathBuf {
        self.root.join(CONTROL)
    }

    /// Where the ledger is.
    pub fn ledger_directory(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// Opens the control socket of a session.
    pub fn control(
        &self,
        session: &Session,
        introduction: Introduction,
        remember: Remember,
    ) -> Result<Control, SessionError> {
        let directory = self.control_directory();
        let place = Place::new(&directory, &session.id);
        at(Control::open(place, &session.id, introduction, remember), "open a control socket in", &directory)
    }

    /// The names of sessions that have a control socket, in the order of names. Some may have ended.
    pub fn watchable(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.control_directory()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Connects to the control socket of a session.
    pub fn watch(&self, session: &str) -> io::Result<Watched> {
        Watched::connect(&Place::new(&self.control_directory(), session))
    }

    /// Where digests of programs are kept, from one run to the next.
    pub fn digests(&self) -> PathBuf {
        self.root.join("digests")
    }

    /// The quarantine of a session.
    pub fn quarantine(&self, session: &str) -> Quarantine {
        Quarantine::new(self.root.join("quarantine").join(session))
    }
}

/// What is kept for one workspace.
#[derive(Debug)]
pub struct WorkspaceStore {
    root: PathBuf,
    layers: PathBuf,
    /// Shared by all runs that live.
    home_lock: File,
    _lock: File,
}

impl WorkspaceStore {
    /// The private home.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Opens up, in the private home, the directories on the way to what is mounted there: an earlier run may have
    /// closed them, or put links in their place, which are not followed. `mounted` are paths relative to the home.
    pub fn keep_usable<'a>(&self, mounted: impl Iterator<Item = &'a Path>) -> Result<(), SessionError> {
        let path = self.home();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let home = rustix::fs::open(&path, flags, Mode::empty()).map_err(io::Error::from);
        let home = at(home, "open", &path)?;
        let directories: BTreeSet<&Path> = mounted.flat_map(Path::ancestors).collect();
        // Parents come first in a sorted set, so that each can be looked at once the one above is open.
        directories.into_iter().for_each(|directory| open::up_at(home.as_fd(), directory));
        Ok(())
    }

    /// Removes, from the private home, the empty places that something of the host was mounted on: to the next run,
    /// which may not be shown it, they would look like its own. Those with a dot in front nobody looks at, and to make
    /// them anew takes time. `mounted` are paths relative to the home.
    pub fn tidy<'a>(&self, mounted: impl DoubleEndedIterator<Item = &'a Path>) {
        // A mount goes with its place, so this must be the last run.
        if self.home_lock.try_lock().is_err() {
            return;
        }
        let Ok(home) = File::open(self.home()) else { return };
        for path in mounted.rev().filter(|path| !path.as_os_str().as_bytes().starts_with(b".")) {
            for place in path.ancestors() {
                if !open::remove_if_empty(home.as_fd(), place) {
                    break;
                }
            }
        }
    }

    /// A temporary directory, for backends that have none of their own.
    pub fn temp(&self) -> PathBuf {
        self.root.join("temp")
    }

    /// Where the certificates are kept that a run with a gate trusts.
    pub fn trust(&self) -> PathBuf {
        self.layers.with_extension("trust.pem")
    }

    /// Where the layers over package caches are kept.
    pub fn layers(&self) -> &Path {
        &self.layers
    }
}

/// What must be remembered of a run to settle it later.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Memory {
    /// Its workspace.
    pub workspace: PathBuf,
    /// Names that it watched.
    pub watch: Vec<Watch>,
    /// Names that are protected in every directory of its trees.
    pub names: Names,
    /// Its trees.
    pub roots: Vec<PathBuf>,
    /// Git directories outside of them: the workspace is a linked worktree or a submodule.
    #[serde(default)]
    pub outside: Vec<PathBuf>,
    /// Git directories and protected names that existed before.
    pub known: Vec<PathBuf>,
    /// Those of the git directories in which a rebase was going on.
    pub rebasing: Vec<PathBuf>,
}

impl Memory {
    /// The same with every path changed.
    fn with_paths(mut self, change: impl Fn(&Path) -> PathBuf) -> Self {
        let lists = [&mut self.roots, &mut self.outside, &mut self.known, &mut self.rebasing].into_iter().flatten();
        let watched = self.watch.iter_mut().flat_map(Watch::paths_mut);
        lists.chain(watched).chain([&mut self.workspace]).for_each(|path| *path = change(path));
        self
    }
}

/// The record of a run. Its paths are letters (`confine::letters`); in format 1 they were text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    format: u32,
    memory: Memory,
}

impl Record {
    fn into_memory(self) -> Memory {
        if self.format == 1 { self.memory } else { self.memory.with_paths(|path| bytes(path).into()) }
    }
}

/// A run that is going on. Dropping it removes its record.
#[derive(Debug)]
pub struct Session {
    /// Names it, in file names and messages.
    pub id: String,
    path: PathBuf,
    lock: File,
}

impl Session {
    /// Records that a run begins, whose name is from [`new_session_id`].
    pub fn begin(store: &Store, id: String, memory: &Memory) -> Result<Self, SessionError> {
        let path = store.root.join("sessions").join(format!("{id}.json"));
        let lock = write_record(&path, memory)?;
        Ok(Self { id, path, lock })
    }

    /// Records anew what must be remembered: the run was given something.
    pub fn remember(&mut self, memory: &Memory) -> Result<(), SessionError> {
        self.lock = write_record(&self.path, memory)?;
        Ok(())
    }

    /// Ends without having been settled: the record stays, and the next start settles the run.
    pub fn leave(self) {
        // The lock goes with the process, or with the descriptor if that is closed first.
        std::mem::forget(self);
    }
}

/// Writes a record, and gives the file, which is locked.
fn write_record(path: &Path, memory: &Memory) -> Result<File, SessionError> {
    // Under another name until it is locked and whole: nobody may take it for the record of a dead run.
    let partial = path.with_extension("new");
    let record = Record { format: 2, memory: memory.clone().with_paths(|path| letters(path).into()) };
    let text = serde_json::to_vec(&record).map_err(io::Error::from);
    let text = at(text, "write", path)?;
    let mut file = at(OpenOptions::new().create_new(true).write(true).mode(0o600).open(&partial), "make", &partial)?;
    at(file.lock(), "lock", &partial)?;
    at(file.write_all(&text), "write", &partial)?;
    at(std::fs::rename(&partial, path), "name", path)?;
    Ok(file)
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The record of a run whose supervisor is gone.
#[derive(Debug)]
pub struct Leftover {
    /// Its name.
    pub id: String,
    /// What it remembered.
    pub memory: Memory,
    path: PathBuf,
    control: Place,
    _lock: File,
}

impl Leftover {
    /// Reads a record that nobody holds, and holds it.
    fn take(path: &Path, control: &Path) -> Option<Self> {
        if path.extension().is_none_or(|extension| extension != "json") {
            remove_if_old(path);
            return None;
        }
        let file = File::open(path).ok()?;
        file.try_lock().ok()?;
        if file.metadata().ok()?.len() > MAX_RECORD_BYTES {
            return None;
        }
        let record: Option<Record> = serde_json::from_reader(io::BufReader::new(&file)).ok();
        // A record that was cut off while it was written belongs to a run that never started its command.
        let memory = record.map(Record::into_memory).unwrap_or_default();
        let id = path.file_stem()?.to_string_lossy().into_owned();
        let control = Place::new(control, &id);
        Some(Self { id, memory, path: path.to_owned(), control, _lock: file })
    }

    /// Forgets the run, once repaired.
    pub fn forget(self) {
        self.control.remove();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A file to lock.
fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// Removes a record that a supervisor was killed over while it wrote it; a young one may still be wanted.
fn remove_if_old(path: &Path) {
    let age =
        std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
    if age.is_some_and(|age| age > Duration::from_secs(60)) {
        let _ = std::fs::remove_file(path);
    }
}

/// A short, stable and readable name for a workspace.
fn workspace_id(workspace: &Path) -> String {
    let name = workspace.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let plain: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).take(24).collect();
    let digest = Sha256::digest(workspace.as_os_str().as_bytes());
    format!("{plain}-{}", hex(&digest[..8]))
}

/// A name that no other session has.
pub fn new_session_id() -> String {
    let mut bytes = [0_u8; 8];
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    hex(bytes)
}
