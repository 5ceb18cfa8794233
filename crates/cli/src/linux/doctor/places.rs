//! What is kept for each workspace, those among them that are gone.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_policy::shell_word;
use pinfold_stage::{Stages, StoreError, Summary, remove_tree};

use super::repair::Removed;
use super::scratch::size_bytes;

/// Where drives are mounted that come and go: a workspace missing there may come back.
const REMOVABLE: [&str; 3] = ["/media", "/mnt", "/run/media"];

/// What is kept for one workspace.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    /// `None`: it is not known, because a run ended while it began.
    pub(crate) workspace: Option<PathBuf>,
}

/// All of them.
pub(crate) fn places(state: &Path) -> Vec<Place> {
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
    /// What staged runs wrote there.
    pub(crate) fn stages(&self) -> Stages {
        Stages::new(self.directory.join("stages"))
    }

    /// Whether there are stages in which something was written, or of which that is not known.
    pub(crate) fn holds_work(&self) -> bool {
        let holds = |stage: Result<Summary, StoreError>| stage.map_or(true, |stage| stage.bytes > 0);
        self.stages().list().map_or(true, |stages| stages.into_iter().any(holds))
    }

    /// Only a clear "no such file": a place that cannot be looked into may be there.
    pub(crate) fn has_vanished(&self) -> bool {
        let looked = self.workspace.as_ref().map(std::fs::symlink_metadata);
        looked.is_some_and(|looked| looked.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound))
    }

    /// Removes what nobody needs. The error says why something was left alone that could have gone.
    pub(super) fn clean(&self, removed: &mut Vec<Removed>) -> Result<(), String> {
        let Some(workspace) = &self.workspace else { return Ok(()) };
        if !self.has_vanished() {
            return self.clean_temp(workspace, removed);
        }
        if REMOVABLE.iter().any(|mounts| workspace.starts_with(mounts)) {
            return Err("it may be on a drive that is not mounted now".into());
        }
        if self.holds_work() {
            let from = shell_word(&workspace.to_string_lossy());
            return Err(format!("what staged runs wrote there is kept; where it is now: pinfold stages --from {from}"));
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
        assert_eq!(places(state).iter().filter(|place| place.has_vanished()).count(), 3);
        let mut removed = Vec::new();
        let kept: Vec<_> = places(state).iter().filter_map(|place| place.clean(&mut removed).err()).collect();
        assert!(!gone.exists() && there.join("home").exists() && drive.exists() && live.exists());
        assert!(!there.join("temp/left").exists() && there.join("temp").exists());
        assert_eq!((removed.len(), kept.len()), (2, 2));
    }
}
