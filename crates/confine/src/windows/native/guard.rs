//! What stands around a run outside of it: pins and access lists.

use std::io::ErrorKind;
use std::path::PathBuf;

use pinfold_acl::Level;
use pinfold_plan::windows::{Edit, Plan, Reach, Root};

use super::ground::Ground;
use super::lists::FileLists;
use super::pins::Pins;
use super::refuse::refuse;
use crate::windows::ConfineError;
use crate::windows::journal::{Applied, Begun, Left, Lists};
use crate::windows::self_check::{Breach, lists};

/// It stands as long as this lives. Entries in access lists stay for the next run; nobody else has their identifiers.
#[derive(Debug)]
pub struct Guard {
    /// How many lists were changed.
    pub applied: Applied,
    /// What does not hold of the lists, read back. Nothing must be started then.
    pub breaches: Vec<Breach>,
    /// What the user should know: files that do not inherit what their directory allows, and so cannot be written; places
    /// without a run that are still labelled.
    pub notes: Vec<String>,
    /// Where files for the self-check may lie: nothing inside can write there.
    pub(super) directory: PathBuf,
    _pins: Pins,
}

impl Guard {
    /// Pins first, then lists: what is protected does not move away in between.
    pub fn set(ground: &Ground, plan: &Plan) -> Result<Self, ConfineError> {
        let pins = Pins::set(&plan.pins)?;
        let Begun { applied, left } = ground.begin(&plan.edits)?;
        let roots = plan.roots.iter().filter(|root| root.reach == Reach::Work);
        let notes = roots.filter_map(|root| not_inherited(root, &plan.edits));
        let notes = notes.chain(left.iter().filter(|left| is_there(left)).map(still_open)).collect();
        let breaches = lists::differences(&plan.edits, &FileLists);
        Ok(Self { applied, breaches, notes, directory: ground.directory().to_owned(), _pins: pins })
    }

    /// For whoever leaves the start of the command to a runner: what does not hold of the lists and was let pass, which is
    /// always nothing but in builds for tests of what is around the confinement.
    ///
    /// # Errors
    /// When something does not hold.
    pub fn unkept(&self) -> Result<Vec<Breach>, ConfineError> {
        refuse(self.breaches.clone())
    }
}

/// A volume that is not there is open to nobody; and what was moved is told of where somebody cleans up.
fn is_there(left: &Left) -> bool {
    !left.moved && left.error.kind() != ErrorKind::NotConnected
}

fn still_open(left: &Left) -> String {
    format!("{left}: {}; no run is there, and this one may be able to remove files in it", left.error)
}

/// Looks at one of the files and directories in a root, if it has inherited what the root got. One that was moved there
/// has not, or all, where the system has not passed it on.
fn not_inherited(root: &Root, edits: &[Edit]) -> Option<String> {
    let own = |path: &str| edits.iter().any(|edit| edit.path == path);
    let all = std::fs::read_dir(&root.path).ok()?.filter_map(|entry| entry.ok()?.path().to_str().map(str::to_owned));
    let found = all.filter(|path| !own(path)).find_map(|path| FileLists.read(&path).ok().map(|list| (path, list)));
    let (path, list) = found?;
    let allowed = list.dacl.0.iter().any(|ace| ace.sid == root.sid && ace.inherit.inherited);
    let low = list.label.is_some_and(|label| label.level <= Level::LOW);
    (!allowed || !low).then(|| format!("{path} does not inherit what its directory allows; commands cannot write it"))
}
