//! What killed runs and vanished workspaces left behind.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_run::Store;
use pinfold_stage::{Stages, remove_tree};
use serde::Serialize;

use super::super::quarantined::tell as tell_quarantined;
use super::scratch::{self, size_bytes};
use crate::context::Context;
use crate::error::{CliError, with_causes};
use crate::output;

/// Where drives are mounted that come and go: a workspace missing there may come back.
const REMOVABLE: [&str; 3] = ["/media", "/mnt", "/run/media"];

/// Finishes what supervisors that were killed could not. Gives how many there were.
pub(crate) fn repair(store: &Store) -> Result<usize, CliError> {
    Ok(repaired(store)?.len())
}

/// The same, with their names and workspaces.
fn repaired(store: &Store) -> Result<Vec<(String, PathBuf)>, CliError> {
    let leftovers = store.leftovers().map_err(|error| CliError::from_error(&error))?;
    let mut repaired = Vec::with_capacity(leftovers.len());
    for leftover in leftovers {
        let mut quarantine = store.quarantine(&leftover.id);
        let result = pinfold_run::repair(&leftover.memory, &mut quarantine);
        tell_quarantined(&quarantine.into_taken(), |_| {
            let workspace = leftover.memory.workspace.display();
            format!(
                "a run in {workspace} was killed and nobody saw its end: this is that run's, or yours if you made it since"
            )
        });
        match result {
            Ok(()) => {
                repaired.push((leftover.id.clone(), leftover.memory.workspace.clone()));
                leftover.forget();
            }
            // Another workspace's trouble must not keep this one from running; it is tried again next time.
            Err(error) => eprintln!("pinfold: warning: run {} cannot be repaired: {error}", leftover.id),
        }
    }
    Ok(repaired)
}

/// What was done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Cleaned {
    /// Runs whose end was made up for, with their workspaces.
    repaired: Vec<(String, PathBuf)>,
    removed: Vec<Removed>,
    /// What was left alone, and why.
    kept: Vec<(PathBuf, String)>,
    freed_bytes: u64,
}

/// One thing that was removed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Removed {
    what: &'static str,
    of: PathBuf,
    bytes: u64,
}

/// `pinfold doctor --clean`.
pub(super) fn clean(json: bool) -> Result<ExitCode, CliError> {
    let context = Context::new(None)?;
    let store = Store::open(context.state().to_owned()).map_err(|error| CliError::from_error(&error))?;
    let mut cleaned = Cleaned { repaired: repaired(&store)?, ..Cleaned::default() };
    let (tests, bytes) = scratch::remove_stale(context.state());
    if tests > 0 {
        cleaned.removed.push(Removed { what: "interrupted self-tests", of: context.state().to_owned(), bytes });
    }
    for place in places(context.state()) {
        let before = cleaned.removed.len();
        if let Err(why) = place.clean(&mut cleaned.removed) {
            cleaned.kept.push((place.workspace.unwrap_or(place.directory), why));
        }
        if !json {
            cleaned.removed[before..].iter().for_each(|removed| print!("{}", removed.describe()));
        }
    }
    cleaned.freed_bytes = cleaned.removed.iter().map(|removed| removed.bytes).sum();
    if json {
        return output::json(&cleaned);
    }
    print!("{}", cleaned.describe());
    Ok(ExitCode::SUCCESS)
}

/// Workspaces that do not exist any more though something is kept for them.
pub(super) fn vanished(state: &Path) -> usize {
    places(state).iter().filter(|place| place.has_vanished()).count()
}

impl Removed {
    fn describe(&self) -> String {
        format!("removed   {} of {} ({})\n", self.what, self.of.display(), mebibytes(self.bytes))
    }
}

impl Cleaned {
    /// What is left to say at the end.
    fn describe(&self) -> String {
        let mut text = String::new();
        for (id, workspace) in &self.repaired {
            let _ = writeln!(text, "repaired  interrupted run {id} in {}", workspace.display());
        }
        for (path, why) in &self.kept {
            let _ = writeln!(text, "kept      {}: {why}", path.display());
        }
        let _ = match (self.repaired.len(), self.removed.len()) {
            (0, 0) => writeln!(text, "0 interrupted runs, nothing to clean"),
            (1, _) => writeln!(text, "1 interrupted run repaired, {} freed", mebibytes(self.freed_bytes)),
            (runs, _) => writeln!(text, "{runs} interrupted runs repaired, {} freed", mebibytes(self.freed_bytes)),
        };
        text
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// What is kept for one workspace.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    /// `None`: it is not known, because a run ended while it began.
    workspace: Option<PathBuf>,
}

fn places(state: &Path) -> Vec<Place> {
    let entries = std::fs::read_dir(state.join("workspaces")).into_iter().flatten().flatten();
    let place = |directory: PathBuf| {
        let path = std::fs::read(directory.join("path")).ok().filter(|path| path.starts_with(b"/"));
        Place { directory, workspace: path.map(|path| PathBuf::from(OsStr::from_bytes(&path))) }
    };
    let mut places: Vec<Place> = entries.map(|entry| place(entry.path())).collect();
    places.sort_by(|one, other| one.directory.cmp(&other.directory));
    places
}

impl Place {
    /// Only a clear "no such file": a place that cannot be looked into may be there.
    fn has_vanished(&self) -> bool {
        let looked = self.workspace.as_ref().map(std::fs::symlink_metadata);
        looked.is_some_and(|looked| looked.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound))
    }

    /// Removes what nobody needs. The error says why something was left alone that could have gone.
    fn clean(&self, removed: &mut Vec<Removed>) -> Result<(), String> {
        let Some(workspace) = &self.workspace else { return Ok(()) };
        if !self.has_vanished() {
            self.tidy_stages()?;
            return self.clean_temp(workspace, removed);
        }
        if REMOVABLE.iter().any(|mounts| workspace.starts_with(mounts)) {
            return Err("it may be on a drive that is not mounted now".into());
        }
        let _locks = self.lock().ok_or("a run uses it")?;
        let bytes = size_bytes(&self.directory);
        // Under another name first, so that a run that begins now makes a new one.
        let aside = self.directory.with_extension("removed");
        std::fs::rename(&self.directory, &aside).map_err(|error| error.to_string())?;
        remove_tree(&aside).map_err(|error| format!("{} cannot be removed: {error}", aside.display()))?;
        removed.push(Removed { what: "private home and layers", of: workspace.clone(), bytes });
        Ok(())
    }

    /// Finishes what was being taken over when somebody was killed, and removes layers that no stage stands on.
    fn tidy_stages(&self) -> Result<(), String> {
        let stages = Stages::new(self.directory.join("stages"));
        let done = stages.recover().map_err(|error| with_causes(&error));
        done.and_then(|()| stages.tidy().map_err(|error| with_causes(&error)))
    }

    /// Temporary files that runs without a memory-backed place left.
    fn clean_temp(&self, workspace: &Path, removed: &mut Vec<Removed>) -> Result<(), String> {
        let temp = self.directory.join("temp");
        let is_empty = std::fs::read_dir(&temp).map_or(true, |mut entries| entries.next().is_none());
        if is_empty {
            return Ok(());
        }
        let Some(_locks) = self.lock() else { return Ok(()) };
        let bytes = size_bytes(&temp);
        remove_tree(&temp).and_then(|()| std::fs::create_dir(&temp)).map_err(|error| error.to_string())?;
        removed.push(Removed { what: "temporary files", of: workspace.to_owned(), bytes });
        Ok(())
    }

    /// Every lock that a run in this workspace would hold. `None` when one does.
    fn lock(&self) -> Option<Vec<File>> {
        let layers = self.directory.join("layers");
        let entries = std::fs::read_dir(&layers).into_iter().flatten().flatten().map(|entry| entry.path());
        let locks = entries.filter(|path| path.extension() == Some(OsStr::new("lock")));
        // The first one is what the next run would take.
        let locks = locks.chain([layers.join("0.lock")]).collect::<std::collections::BTreeSet<_>>();
        let take = |path: PathBuf| {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
            file.try_lock().ok()?;
            Some(file)
        };
        locks.into_iter().map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scratch::Scratch;
    use super::*;

    fn place(state: &Path, name: &str, workspace: &Path) -> PathBuf {
        let directory = state.join("workspaces").join(name);
        std::fs::create_dir_all(directory.join("layers/0/upper")).expect("layers");
        std::fs::create_dir_all(directory.join("home")).expect("a home");
        std::fs::create_dir_all(directory.join("temp")).expect("a temp");
        std::fs::write(directory.join("temp/left"), "x").expect("a file");
        std::fs::write(directory.join("path"), workspace.as_os_str().as_bytes()).expect("a path");
        directory
    }

    #[test]
    fn only_what_belongs_to_vanished_and_idle_workspaces_goes() {
        let scratch = Scratch::new(&std::env::temp_dir()).expect("a place");
        let state = scratch.path();
        let gone = place(state, "gone", Path::new("/no/such/workspace"));
        let there = place(state, "there", Path::new("/usr"));
        let drive = place(state, "drive", Path::new("/mnt/no-such-drive/project"));
        let live = place(state, "live", Path::new("/no/such/workspace/either"));
        let lock = File::create(live.join("layers/3.lock")).expect("a lock");
        lock.lock().expect("the lock");
        assert_eq!(vanished(state), 3);
        let mut removed = Vec::new();
        let kept: Vec<_> = places(state).iter().filter_map(|place| place.clean(&mut removed).err()).collect();
        assert!(!gone.exists() && there.join("home").exists() && drive.exists() && live.exists());
        assert!(!there.join("temp/left").exists() && there.join("temp").exists());
        assert_eq!((removed.len(), kept.len()), (2, 2));
    }
}
