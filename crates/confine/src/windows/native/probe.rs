//! Facts about this machine and its caller, for planning.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use pinfold_acl::Sid;
use pinfold_plan::Host;
use pinfold_plan::windows::{Machine, native};
use pinfold_policy::{AreaKind, Policy};
use pinfold_survey::SurveyError;

use super::Ground;
use super::context::Context;
use super::token::{allows, logon};
use crate::probe::gather;
pub use crate::probe::{Appearance, Names, Sight, Stores, Tree, look_again, look_anew, masked, masked_with};
use crate::windows::ConfineError;
use crate::windows::place::folded;
use crate::windows::sys;
use crate::windows::sys::files::{self, Purpose};
use crate::windows::sys::token::Token;

/// What is known before anything has an identifier. Accounts are what the set-up says, and not looked for here.
pub fn look() -> Result<Machine, ConfineError> {
    let token = Token::own().step("open the token of this process")?;
    let groups = token.groups().step("ask for groups")?;
    Ok(Machine {
        build: sys::build(),
        user: token.user().step("ask for the user")?,
        logon: logon(&groups),
        groups: groups.into_iter().filter(allows).map(|group| group.sid).collect::<Vec<Sid>>(),
        in_job: is_in_job()?,
        identifiers: BTreeMap::new(),
        without_lists: Vec::new(),
        linked: Vec::new(),
        program: None,
        accounts: None,
    })
}

/// What was seen of a workspace, as the plan wants to know it: what is the same on every system.
pub fn look_at(policy: &Policy, stores: Stores) -> Result<Sight, SurveyError> {
    gather(policy, &stores)
}

/// The same machine with what depends on the areas of a plan: their identifiers, whether their volumes keep lists, and
/// which files in them have other names beside the one that is protected or hidden.
pub fn complete(
    machine: Machine,
    policy: &Policy,
    host: &Host,
    areas: &[String],
    ground: &Ground,
) -> Result<Machine, ConfineError> {
    let inside = |path: &String| areas.iter().any(|area| is_below(path, area));
    let closed: Vec<String> = closed(policy, host).map(|path| native(&path)).filter(inside).collect();
    Ok(Machine {
        identifiers: ground.identifiers.clone(),
        without_lists: ground.without_lists.clone(),
        linked: linked(&closed)?,
        ..machine
    })
}

/// What lies in an area and is less open than it may be.
fn closed<'a>(policy: &'a Policy, host: &'a Host) -> impl Iterator<Item = PathBuf> {
    let narrower = policy.layout().filter(|area| area.kind != AreaKind::Write).map(|area| &area.path);
    let named = host.protected.iter().chain(host.masked.keys()).chain(host.denied.iter().map(|(path, _)| path));
    let git =
        host.git.iter().flat_map(|git| git.existing.iter().map(|name| git.path.join(name)).chain(git.pointer.clone()));
    narrower.chain(named).cloned().chain(git)
}

fn is_below(path: &str, area: &str) -> bool {
    folded(path).strip_prefix(&folded(area)).is_some_and(|rest| rest.starts_with('\\'))
}

/// Opens a file to read that is at a path itself.
pub(crate) fn open_unlinked(path: &str) -> io::Result<File> {
    files::open(path, Purpose::Read).map(File::from)
}

/// Whether two paths are spellings of one.
pub(crate) fn same_place(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// Whether this process has the rights of an administrator at hand, which a supervisor should not have.
pub fn is_elevated() -> Result<bool, ConfineError> {
    Token::own().and_then(|token| token.is_elevated()).step("ask whether this process is elevated")
}

/// Whether this process is in a job already, as in some terminals and under most services. Then a run's job can have no
/// limits of the user interface.
pub(super) fn is_in_job() -> Result<bool, ConfineError> {
    sys::job::is_within().step("ask whether this process is in a job")
}

/// The files at and below some paths that have another name as well. Links are not followed.
fn linked(paths: &[String]) -> Result<Vec<String>, ConfineError> {
    let mut linked = Vec::new();
    for path in paths {
        collect_linked(Path::new(path), &mut linked).step_at("look through", path)?;
    }
    Ok(linked)
}

fn collect_linked(path: &Path, linked: &mut Vec<String>) -> io::Result<()> {
    let kind = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?.file_type(),
    };
    if kind.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect_linked(&entry?.path(), linked)?;
        }
    } else if kind.is_file() {
        let text = path.to_string_lossy().into_owned();
        if files::names(&files::open(&text, Purpose::Look)?)? > 1 {
            linked.push(text);
        }
    }
    Ok(())
}

/// Where what is at a path really is, links followed, and whether it is a directory; `None` when nothing is there.
pub fn resolved(path: &str) -> Result<Option<(String, bool)>, ConfineError> {
    let found = std::fs::metadata(files::verbatim(path));
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => {
            let directory = found.step_at("look at", path)?.is_dir();
            Ok(Some((files::resolved(path).step_at("resolve", path)?, directory)))
        }
    }
}
