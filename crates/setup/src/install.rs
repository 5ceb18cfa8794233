//! Bringing everything about, from nothing or from whatever is there.

use std::collections::BTreeMap;

use pinfold_plan::windows::accounts::Use;

use crate::check::notes;
use crate::error::SetupError;
use crate::look::{Look, Scene};
use crate::machine::{LocalRules, Machine};
use crate::make::Maker;
use crate::marker::Known;
use crate::thing::Thing;
use crate::wanted::Wanted;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was made or changed, in this order. Nothing: all was as it should be.
    pub changed: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// Makes everything that is missing or different; nothing, when all is as it should be.
///
/// # Errors
/// Where something is not ours or a policy forbids it, nothing has been changed. Otherwise what is there is kept harmless
/// by disabled accounts, and known to [`repair`] and [`crate::uninstall`].
pub fn install<M: Machine>(machine: &mut M, wanted: &Wanted) -> Result<Report, SetupError> {
    bring_about(machine, wanted, false)
}

/// The same, with new passwords in any case.
///
/// # Errors
/// As [`install`].
pub fn repair<M: Machine>(machine: &mut M, wanted: &Wanted) -> Result<Report, SetupError> {
    bring_about(machine, wanted, true)
}

fn bring_about<M: Machine>(machine: &mut M, wanted: &Wanted, anyway: bool) -> Result<Report, SetupError> {
    require_elevated(machine)?;
    require_own_accounts(machine)?;
    require_a_firewall(machine)?;
    let notes = notes(machine)?;
    let known = Known::read(machine, &wanted.directory).map_err(SetupError::at(Thing::Marker))?;
    let mut maker = Maker { machine, wanted, known, passwords: BTreeMap::new() };
    let wrong = differing(&maker.scene())?;
    if wrong.is_empty() && !anyway {
        return Ok(Report { changed: Vec::new(), notes });
    }
    let made = make_all(&mut maker);
    if made.is_err() {
        // Whatever was reached, no run relies on it and nobody logs on. Another error says nothing that the first does not.
        let _ = maker.mark(false);
        let _ = disable_all(&mut maker);
    }
    Ok(Report { changed: made?, notes })
}

pub(crate) fn require_elevated(machine: &impl Machine) -> Result<(), SetupError> {
    let elevated = machine.is_elevated().map_err(SetupError::at("the rights of this process"))?;
    if elevated { Ok(()) } else { Err(SetupError::NotElevated) }
}

fn require_own_accounts(machine: &impl Machine) -> Result<(), SetupError> {
    let own = machine.has_own_accounts().map_err(SetupError::at("the kind of this machine"))?;
    if own { Ok(()) } else { Err(SetupError::NoOwnAccounts) }
}

fn require_a_firewall(machine: &impl Machine) -> Result<(), SetupError> {
    let policy = machine.policy().map_err(SetupError::at("the policy of the firewall"))?;
    match policy.local_rules {
        LocalRules::Count | LocalRules::CountOutward => Ok(()),
        other => Err(SetupError::FirewallPolicy(other)),
    }
}

/// What is not right, all of which is ours.
fn differing<M: Machine>(scene: &Scene<'_, M>) -> Result<Vec<Thing>, SetupError> {
    let former = scene.former_sids().map_err(SetupError::at("earlier accounts"))?;
    let mut wrong = Vec::new();
    for thing in Thing::all(former) {
        match scene.look(&thing).map_err(SetupError::at(&thing))? {
            Look::Right => {}
            Look::Missing | Look::Different(_) => wrong.push(thing),
            Look::Foreign(why) => return Err(SetupError::Foreign { thing: thing.to_string(), why }),
        }
    }
    Ok(wrong)
}

/// From here on something is changed.
fn make_all<M: Machine>(maker: &mut Maker<'_, M>) -> Result<Vec<String>, SetupError> {
    let mut changed = Vec::new();
    put(maker, &Thing::Directory, &mut changed)?;
    maker.mark(false).map_err(SetupError::at(Thing::Marker))?;
    disable_all(maker)?;
    let needed = Thing::before_enabling([]);
    for thing in &needed {
        put(maker, thing, &mut changed)?;
    }
    for sid in maker.scene().former_sids().map_err(SetupError::at("earlier accounts"))? {
        put(maker, &Thing::Former(sid), &mut changed)?;
    }
    verify(&maker.scene(), &needed)?;
    let enabled = Use::ALL.map(Thing::Enabled);
    for thing in &enabled {
        put(maker, thing, &mut changed)?;
    }
    verify(&maker.scene(), &enabled)?;
    maker.make(&Thing::Marker).map_err(SetupError::at(Thing::Marker))?;
    changed.push(Thing::Marker.to_string());
    verify(&maker.scene(), &Thing::all([]))?;
    Ok(changed)
}

/// Makes a thing that is not right; an account in any case, whose password is renewed.
fn put<M: Machine>(maker: &mut Maker<'_, M>, thing: &Thing, changed: &mut Vec<String>) -> Result<(), SetupError> {
    let look = maker.scene().look(thing).map_err(SetupError::at(thing))?;
    match look {
        Look::Foreign(why) => return Err(SetupError::Foreign { thing: thing.to_string(), why }),
        Look::Right if !matches!(thing, Thing::Account(_)) => return Ok(()),
        Look::Right | Look::Missing | Look::Different(_) => {}
    }
    maker.make(thing).map_err(SetupError::at(thing))?;
    changed.push(thing.to_string());
    Ok(())
}

pub(crate) fn disable_all<M: Machine>(maker: &mut Maker<'_, M>) -> Result<(), SetupError> {
    let names = maker.known.accounts.clone();
    names.iter().try_for_each(|name| maker.disable(name, true).map_err(SetupError::at(format!("the use of {name}"))))
}

fn verify<M: Machine>(scene: &Scene<'_, M>, things: &[Thing]) -> Result<(), SetupError> {
    for thing in things {
        let difference = match scene.look(thing).map_err(SetupError::at(thing))? {
            Look::Right => continue,
            Look::Missing => "it is missing".into(),
            Look::Different(how) | Look::Foreign(how) => how,
        };
        return Err(SetupError::NotAsWritten { thing: thing.to_string(), difference });
    }
    Ok(())
}
