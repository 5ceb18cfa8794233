//! What is done on a machine that does what it is told, and in which order.

use std::num::NonZeroU16;

use pinfold_plan::windows::accounts::{AccountFlags, GROUP, RIGHTS, Use};
use pinfold_setup::{Code, LocalRules, SetupError, State, Wanted, check, install, installed, repair, uninstall};

use crate::interrupted::Act;
use crate::recorded::{Recorded, sid};
use crate::scene::{assert_complete, checked, complete, machine, pristine, wanted};

fn place(machine: &Recorded, start: &str) -> usize {
    let log = machine.log.borrow();
    log.iter().position(|call| call.starts_with(start)).unwrap_or_else(|| panic!("no {start}: {log:#?}"))
}

#[test]
fn an_empty_machine_has_nothing_of_ours() {
    let machine = machine();
    assert_eq!(checked(&machine).state, State::Absent);
    assert_eq!(installed(&machine, &wanted().directory), Ok(None));
    assert!(machine.log.borrow().is_empty());
}

#[test]
fn everything_is_made_in_order() {
    let mut machine = machine();
    let report = install(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
    assert!(report.changed.len() > 20 && report.notes.is_empty(), "{report:?}");
    let enabled = place(&machine, &format!("set_flags PinfoldOffline {:#x}", AccountFlags::READY.0));
    for before in ["add_rule", "replace_filters", "add_member", "grant_right", "hide"] {
        assert!(place(&machine, before) < enabled, "{before}");
    }
    let log = machine.log.borrow();
    assert!(log[0].starts_with("make_directory") && log[1].starts_with("write"), "{log:#?}");
    assert!(log.last().is_some_and(|call| call.ends_with("setup.json")));
    let group = &machine.world.groups[GROUP].sid;
    assert_eq!(machine.world.rights[group], RIGHTS.map(str::to_owned).into());
}

#[test]
fn twice_changes_nothing() {
    let mut machine = complete();
    let before = machine.world.clone();
    assert_eq!(install(&mut machine, &wanted()).unwrap().changed, Vec::<String>::new());
    assert_eq!(machine.world, before);
    assert!(machine.log.borrow().is_empty());
}

#[test]
fn a_repair_renews_passwords_and_nothing_else() {
    let mut machine = complete();
    let before = machine.world.clone();
    repair(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
    let mut after = machine.world.clone();
    for used in Use::ALL {
        let (old, new) = (&before.accounts[used.name()], after.accounts.get_mut(used.name()).unwrap());
        assert_ne!(old.password, new.password);
        new.password.clone_from(&old.password);
    }
    after.entries.clone_from(&before.entries);
    assert_eq!(after, before);
}

#[test]
fn nothing_is_left() {
    let mut machine = complete();
    let removed = uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
    assert!(removed.kept.is_empty() && removed.removed.len() == 6, "{removed:?}");
    assert!(place(&machine, "remove_account PinfoldOffline") < place(&machine, "remove_rule"));
    assert!(place(&machine, "remove_account PinfoldOffline") < place(&machine, "remove_filters"));
    assert!(place(&machine, "remove_profile") < place(&machine, "remove_account"));
    assert!(place(&machine, "set_flags") < place(&machine, "remove_profile"));
    let again = uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!((again, &machine.world), (Default::default(), &pristine()));
}

#[test]
fn a_changed_port_is_a_difference_and_is_brought_about() {
    let mut machine = complete();
    let other = Wanted { gate_port: NonZeroU16::new(4000), ..wanted() };
    let found = check(&machine, &other).unwrap();
    let things: Vec<&str> = found.differences.iter().map(|difference| difference.thing.as_str()).collect();
    assert_eq!(things, ["rule 4 of the firewall", "the filters of the filtering platform", "the marker of the setup"]);
    machine.gate_port = Some(4000);
    install(&mut machine, &other).unwrap();
    assert_eq!(check(&machine, &other).unwrap().state, State::Complete);
    // Unfinished first, then nobody logs on, then all else.
    let first: Vec<String> = machine.log.borrow().iter().take(5).cloned().collect();
    assert!(first[0].starts_with("write") && first[1].starts_with("write"), "{first:?}");
    assert_eq!(first[2..4], ["set_flags PinfoldOffline 0x10243", "set_flags PinfoldOnline 0x10243"]);
    machine.gate_port = None;
    let none = Wanted { gate_port: None, ..wanted() };
    install(&mut machine, &none).unwrap();
    assert_eq!(check(&machine, &none).unwrap().state, State::Complete);
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

#[test]
fn nothing_is_tried_without_rights() {
    let acts: [Act; 3] = [
        |machine| install(machine, &wanted()).map(drop),
        |machine| repair(machine, &wanted()).map(drop),
        |machine| uninstall(machine, &wanted()).map(drop),
    ];
    for act in acts {
        let mut machine = complete();
        machine.elevated = false;
        assert_eq!(act(&mut machine), Err(SetupError::NotElevated));
        assert!(machine.log.borrow().is_empty());
    }
}

#[test]
fn a_policy_that_wins_over_our_rules_is_an_error() {
    for local_rules in [LocalRules::Overridden, LocalRules::Partly, LocalRules::Unknown(7)] {
        let mut machine = machine();
        machine.policy.local_rules = local_rules;
        let error = install(&mut machine, &wanted()).unwrap_err();
        assert_eq!((error.code(), machine.log.borrow().len()), (Code::FirewallPolicy, 0));
        assert_eq!(machine.world, pristine());
    }
    let mut machine = machine();
    machine.policy.off = vec!["public"];
    let notes = install(&mut machine, &wanted()).unwrap().notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
}

/// A rule that a policy takes away at once, a right that is not kept.
#[test]
fn what_cannot_be_read_back_is_not_relied_on() {
    let ready = format!("set_flags PinfoldOffline {:#x}", AccountFlags::READY.0);
    for ignored in ["add_rule", "replace_filters", "grant_right", "hide", "add_member", "make_group", "make_directory"]
    {
        let mut machine = machine();
        machine.ignored = Some(ignored);
        let error = install(&mut machine, &wanted()).unwrap_err();
        assert!([Code::NotAsWritten, Code::CallFailed].contains(&error.code()), "{ignored}: {error}");
        assert!(!machine.log.borrow().contains(&ready), "{ignored}");
        machine.ignored = None;
        repair(&mut machine, &wanted()).unwrap();
        assert_complete(&machine);
    }
    let mut machine = machine();
    machine.ignored = Some("set_flags");
    assert_eq!(install(&mut machine, &wanted()).map_err(|error| error.code()), Err(Code::NotAsWritten));
}

#[test]
fn no_account_is_made_for_a_whole_domain() {
    let mut machine = machine();
    machine.own_accounts = false;
    assert_eq!(install(&mut machine, &wanted()), Err(SetupError::NoOwnAccounts));
    assert_eq!(machine.world, pristine());
}

/// What runs on under the account would have the network as soon as its rules are gone.
#[test]
fn nothing_is_removed_under_a_running_command() {
    let mut machine = complete();
    let offline = machine.world.accounts[Use::Offline.name()].found.sid.clone();
    machine.in_use.insert(offline);
    let error = uninstall(&mut machine, &wanted()).unwrap_err();
    assert_eq!(error.code(), Code::Left, "{error}");
    assert!(machine.world.accounts[Use::Offline.name()].found.flags.is_disabled());
    assert_eq!((machine.world.rules.len(), machine.world.filters.provider), (5, true));
    assert!(installed(&machine, &wanted().directory).is_err());
    machine.in_use.clear();
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

#[test]
fn what_only_administrators_see_is_said_to_be_unseen() {
    let mut machine = complete();
    machine.elevated = false;
    let found = checked(&machine);
    assert_eq!((found.state, found.differences.len()), (State::Complete, 0));
    assert_eq!(found.unseen.len(), RIGHTS.len() + 1, "{:?}", found.unseen);
    machine.world.hidden.clear();
    assert_eq!(checked(&machine).state, State::Incomplete);
}

/// Whoever is asked for the rights of an administrator may enter another user's name.
#[test]
fn passwords_are_opened_by_the_owner_when_another_user_is_administrator() {
    let mut machine = machine();
    machine.user = sid(500);
    install(&mut machine, &wanted()).unwrap();
    assert_eq!(checked(&machine).state, State::Complete);
    machine.user = sid(1001);
    assert_complete(&machine);
}

#[test]
fn what_one_user_sealed_another_cannot_open() {
    let mut machine = complete();
    let setup = installed(&machine, &wanted().directory).unwrap().unwrap();
    machine.user = sid(1002);
    let error = setup.password(&machine, Use::Offline).unwrap_err();
    assert_eq!(error.code(), Code::Sealed);
}
