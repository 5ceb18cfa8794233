//! Removing everything that is ours, from whatever state and of whatever version.

use std::collections::BTreeMap;

use pinfold_acl::Sid;
use pinfold_plan::windows::firewall::GROUPING;

use crate::error::SetupError;
use crate::install::{disable_all, require_elevated};
use crate::look::Look;
use crate::machine::{EntryKind, Fault, Machine};
use crate::make::Maker;
use crate::marker::{self, Known};
use crate::thing::Thing;
use crate::wanted::Wanted;

/// A process still runs under an account (`ERROR_BUSY`).
const IN_USE: Fault = Fault { call: "waiting for its last process", code: 170 };

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// What was removed, in this order. Nothing: nothing was there.
    pub removed: Vec<String>,
    /// What has a name of ours and stays, as it was not made by us.
    pub kept: Vec<String>,
}

/// Removes accounts with their profiles and rights, the group, rules, filters, the marker and its directory, in this order:
/// what holds an account is there as long as the account is, and the marker, which tells what is ours, goes last.
///
/// # Errors
/// When something cannot be removed. What does not depend on it is gone, and the next call goes on with the rest.
pub fn uninstall<M: Machine>(machine: &mut M, wanted: &Wanted) -> Result<Removed, SetupError> {
    require_elevated(machine)?;
    let known = Known::read(machine, &wanted.directory).map_err(SetupError::at(Thing::Marker))?;
    let mut remover = Remover {
        maker: Maker { machine, wanted, known, passwords: BTreeMap::new() },
        done: Removed::default(),
        left: Vec::new(),
    };
    remover.begin().map_err(SetupError::at(Thing::Marker))?;
    disable_all(&mut remover.maker)?;
    remover.accounts();
    remover.groups();
    if remover.left.is_empty() {
        remover.network();
    }
    if remover.left.is_empty() {
        remover.files();
    }
    if remover.left.is_empty() { Ok(remover.done) } else { Err(SetupError::Left(remover.left)) }
}

struct Remover<'a, M> {
    maker: Maker<'a, M>,
    done: Removed,
    /// What could not be removed, and why.
    left: Vec<String>,
}

/// What became of something.
enum Fate {
    /// It was there and is gone.
    Removed,
    /// It was not there.
    Absent,
    /// It is not ours.
    Kept,
}

impl<M: Machine> Remover<'_, M> {
    /// Whoever reads the marker from now on knows that setup is not to be relied on.
    fn begin(&mut self) -> Result<(), Fault> {
        let Maker { machine, wanted, .. } = &mut self.maker;
        let content = marker::read(*machine, &wanted.directory)?;
        match content.as_deref().and_then(marker::unfinished) {
            Some(unfinished) => {
                machine.write_private_file(&wanted.marker_path(), &wanted.file_descriptor(), &unfinished)
            }
            None => Ok(()),
        }
    }

    /// Does one step, and goes on when it fails.
    fn step(&mut self, thing: String, remove: impl FnOnce(&mut Maker<'_, M>) -> Result<Fate, Fault>) {
        match remove(&mut self.maker) {
            Ok(Fate::Removed) => self.done.removed.push(thing),
            Ok(Fate::Kept) => self.done.kept.push(thing),
            Ok(Fate::Absent) => {}
            Err(fault) => self.left.push(format!("{thing}: {fault}")),
        }
    }

    fn accounts(&mut self) {
        for name in self.maker.known.accounts.clone() {
            self.step(format!("the account {name}"), |maker| remove_account(maker, &name));
        }
        for sid in self.maker.known.sids.clone() {
            self.step(format!("what is left of {sid}"), |maker| forget_former(maker, &sid));
        }
    }

    fn groups(&mut self) {
        for name in self.maker.known.groups.clone() {
            self.step(format!("the group {name}"), |maker| remove_group(maker, &name));
        }
    }

    fn network(&mut self) {
        self.step("the rules of the firewall".into(), remove_rules);
        self.step("the filters of the filtering platform".into(), |maker| {
            let found = maker.machine.filters()?;
            if !found.provider && !found.sublayer && found.filters.is_empty() {
                return Ok(Fate::Absent);
            }
            maker.machine.remove_filters().map(|()| Fate::Removed)
        });
    }

    fn files(&mut self) {
        let directory = self.maker.wanted.directory.clone();
        self.step(format!("the directory {directory}"), |maker| {
            let Some(found) = maker.machine.entry(&directory)? else { return Ok(Fate::Absent) };
            if found.kind != EntryKind::Directory || !found.descriptor.is_administrators() {
                return Ok(Fate::Kept);
            }
            maker.machine.remove_file(&maker.wanted.marker_path())?;
            Ok(if maker.machine.remove_directory(&directory)? { Fate::Removed } else { Fate::Kept })
        });
    }
}

fn remove_account<M: Machine>(maker: &mut Maker<'_, M>, name: &str) -> Result<Fate, Fault> {
    let found = maker.scene().our_account(name)?;
    if found.is_none() && maker.machine.account(name)?.is_some() {
        return Ok(Fate::Kept);
    }
    if let Some(found) = &found {
        // What runs on would have the network as soon as the rules are gone.
        if maker.machine.is_in_use(&found.sid)? {
            return Err(IN_USE);
        }
        maker.forget(&found.sid)?;
    }
    let is_hidden = maker.machine.is_hidden(name)?;
    if is_hidden {
        maker.machine.unhide(name)?;
    }
    if found.is_some() {
        maker.machine.remove_account(name)?;
    }
    Ok(if is_hidden || found.is_some() { Fate::Removed } else { Fate::Absent })
}

/// Somebody whom the marker names and who is gone.
fn forget_former<M: Machine>(maker: &mut Maker<'_, M>, sid: &Sid) -> Result<Fate, Fault> {
    // Groups come later, with their rights.
    if maker.scene().group_sid()?.as_ref() == Some(sid) {
        return Ok(Fate::Absent);
    }
    if maker.scene().former(sid)? == Look::Right {
        return Ok(Fate::Absent);
    }
    maker.forget(sid).map(|()| Fate::Removed)
}

fn remove_group<M: Machine>(maker: &mut Maker<'_, M>, name: &str) -> Result<Fate, Fault> {
    let Some(found) = maker.machine.group(name)? else { return Ok(Fate::Absent) };
    if !maker.scene().is_ours(&found.comment, &found.sid) {
        return Ok(Fate::Kept);
    }
    for right in maker.machine.rights(&found.sid)? {
        maker.machine.revoke_right(&found.sid, &right)?;
    }
    maker.machine.remove_group(name).map(|()| Fate::Removed)
}

/// All that are in our grouping. One is removed by its name, so what shares it with somebody else's stays.
fn remove_rules<M: Machine>(maker: &mut Maker<'_, M>) -> Result<Fate, Fault> {
    let scene = maker.scene();
    let found = scene.found_rules(&scene.rules()?)?;
    let (ours, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|rule| rule.grouping == GROUPING);
    let is_shared = |name: &str| others.iter().any(|other| other.name == name);
    for rule in ours.iter().filter(|rule| !is_shared(&rule.name)) {
        maker.machine.remove_rule(&rule.name)?;
    }
    Ok(match (others.is_empty(), ours.is_empty()) {
        (false, _) => Fate::Kept,
        (true, true) => Fate::Absent,
        (true, false) => Fate::Removed,
    })
}
