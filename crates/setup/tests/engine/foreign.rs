//! What has a name of ours but is not, and what is ours but was changed by somebody.

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Sid};
use pinfold_plan::windows::accounts::{AccountFlags, GROUP, Use};
use pinfold_plan::windows::firewall::GROUPING;
use pinfold_setup::{
    AccountFound, Code, EntryKind, GroupFound, RuleFound, SetupError, State, install, installed, is_administrators,
    repair, uninstall,
};

use crate::recorded::{Account, DIRECTORY, MARKER, Recorded, World, entry_of, sid};
use crate::scene::{assert_complete, checked, complete, machine, pristine, wanted};

const RULE: &str = "Pinfold offline: nothing out";

fn foreign_account() -> Account {
    let found = AccountFound { sid: sid(1900), comment: "of a cousin".into(), flags: AccountFlags(0x201) };
    Account { found, password: "hunter2".into() }
}

fn foreign_things() -> Vec<fn(&mut World)> {
    vec![
        |world| drop(world.accounts.insert(Use::Offline.name().into(), foreign_account())),
        |world| drop(world.accounts.insert(Use::Online.name().into(), foreign_account())),
        |world| drop(world.groups.insert(GROUP.into(), GroupFound { sid: sid(1901), comment: String::new() })),
        |world| world.rules.push(RuleFound { name: RULE.into(), grouping: String::new(), rule: None }),
        |world| drop(world.entries.insert(DIRECTORY.into(), entry_of(sid(1002), EntryKind::Directory))),
        |world| drop(world.entries.insert(DIRECTORY.into(), entry_of(Sid::ADMINISTRATORS, EntryKind::Other))),
    ]
}

#[test]
fn what_is_not_ours_is_not_taken_over() {
    for add in foreign_things() {
        let mut machine = machine();
        add(&mut machine.world);
        let before = machine.world.clone();
        for act in [install, repair] {
            let error = act(&mut machine, &wanted()).unwrap_err();
            assert_eq!(error.code(), Code::Foreign, "{error}");
            assert_eq!(machine.world, before);
        }
        assert_eq!(checked(&machine).state, State::Absent);
        uninstall(&mut machine, &wanted()).unwrap();
        assert_eq!(machine.world, before);
    }
}

/// Somebody put a thing of the same name in the place of ours, or beside it.
#[test]
fn what_is_not_ours_stays_when_ours_goes() {
    for add in foreign_things() {
        let mut machine = complete();
        add(&mut machine.world);
        assert_eq!(install(&mut machine, &wanted()).map_err(|error| error.code()), Err(Code::Foreign));
        let removed = uninstall(&mut machine, &wanted()).unwrap();
        assert_eq!(removed.kept.len(), 1, "{removed:?}");
        let mut only = pristine();
        add(&mut only);
        assert_eq!(machine.world.accounts, only.accounts);
        assert_eq!(machine.world.groups, only.groups);
        let foreign = machine.world.rules.iter().filter(|rule| rule.grouping != GROUPING);
        assert!(foreign.eq(only.rules.iter()));
    }
}

#[test]
fn a_marker_that_anybody_could_have_written_is_not_believed() {
    let mut machine = complete();
    machine.world.entries.get_mut(DIRECTORY).unwrap().found.descriptor.owner = sid(1002);
    assert_eq!(installed(&machine, DIRECTORY), Ok(None));
    let mut machine = complete();
    machine.world.entries.get_mut(MARKER).unwrap().found.descriptor.owner = sid(1002);
    assert_eq!(installed(&machine, DIRECTORY), Ok(None));
    assert_eq!(checked(&machine).state, State::Incomplete);
    repair(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
}

/// Whoever may change a directory that is the system's gives it our name and puts a marker into it.
#[test]
fn a_marker_that_others_may_change_is_not_believed() {
    for path in [DIRECTORY, MARKER] {
        for list in [None, Some(Acl(vec![Ace::allow(Sid::USERS, Access::FILE_WRITE_DATA, Inherit::ALL)]))] {
            let mut machine = complete();
            machine.world.entries.get_mut(path).unwrap().found.descriptor.dacl = list;
            assert_eq!(is_administrators(&machine, MARKER), Ok(false));
            assert_eq!(installed(&machine, DIRECTORY), Ok(None));
        }
    }
    let mut machine = complete();
    assert_eq!(is_administrators(&machine, MARKER), Ok(true));
    let descriptor = &mut machine.world.entries.get_mut(DIRECTORY).unwrap().found.descriptor;
    *descriptor = Descriptor { owner: Sid::SYSTEM, dacl: None, ..descriptor.clone() };
    assert_eq!(install(&mut machine, &wanted()).map_err(|error| error.code()), Err(Code::Foreign));
}

#[test]
fn ours_is_known_by_the_marker_when_its_comment_was_changed() {
    let mut machine = complete();
    machine.world.accounts.get_mut("PinfoldOffline").unwrap().found.comment = "what is this?".into();
    assert_complete(&machine);
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

/// Every way in which one thing can be wrong.
pub(crate) fn damages() -> Vec<fn(&mut World)> {
    vec![
        |world| world.rules.retain(|rule| rule.name != RULE),
        |world| {
            let twice = world.rules.iter().find(|rule| rule.name == RULE).cloned();
            world.rules.extend(twice);
        },
        |world| world.rules.iter_mut().filter(|rule| rule.grouping == GROUPING).for_each(|rule| rule.rule = None),
        |world| world.rules.push(RuleFound { name: "Pinfold of old".into(), grouping: GROUPING.into(), rule: None }),
        |world| drop(world.filters.filters.pop()),
        |world| world.filters.filters.iter_mut().for_each(|found| found.filter = None),
        |world| world.filters.sublayer = false,
        |world| world.filters = Default::default(),
        |world| {
            if let Some(account) = world.accounts.get_mut("PinfoldOffline") {
                account.found.flags = AccountFlags(account.found.flags.0 | AccountFlags::NO_PASSWORD);
            }
        },
        |world| {
            if let Some(account) = world.accounts.get_mut("PinfoldOnline") {
                account.found.flags = account.found.flags.disabled(true);
            }
        },
        |world| world.hidden.retain(|name| name != "PinfoldOffline"),
        |world| world.members.retain(|(group, member)| *group != Sid::USERS || *member == sid(1001)),
        |world| world.members.retain(|(group, _)| *group == Sid::USERS),
        |world| world.rights.values_mut().for_each(|rights| rights.retain(|right| !right.contains("Batch"))),
        |world| {
            if let Some(entry) = world.entries.get_mut(DIRECTORY) {
                entry.found.descriptor.protected = false;
            }
        },
        |world| {
            if let Some(entry) = world.entries.get_mut(MARKER) {
                entry.found.descriptor.dacl = None;
            }
        },
        |world| {
            if let Some(entry) = world.entries.get_mut(MARKER) {
                entry.content.truncate(25);
            }
        },
        |world| drop(world.entries.remove(MARKER)),
    ]
}

#[test]
fn every_damage_is_told_repaired_and_removed() {
    for (number, damage) in damages().into_iter().enumerate() {
        let damaged = || {
            let mut machine = complete();
            damage(&mut machine.world);
            machine
        };
        assert_eq!(checked(&damaged()).state, State::Incomplete, "{number}");
        for act in [install, repair] {
            let mut machine = damaged();
            act(&mut machine, &wanted()).unwrap();
            assert_complete(&machine);
            uninstall(&mut machine, &wanted()).unwrap();
            assert_eq!(machine.world, pristine(), "{number}");
        }
        let mut machine = damaged();
        uninstall(&mut machine, &wanted()).unwrap();
        assert_eq!(machine.world, pristine(), "{number}");
    }
}

/// Its rights, its memberships and its profile stay behind, and the marker knows whose they were.
#[test]
fn what_an_account_left_is_removed_when_somebody_removed_the_account() {
    let damaged = || -> Recorded {
        let mut machine = complete();
        let gone = machine.world.accounts.remove("PinfoldOffline").unwrap();
        machine.world.rights.insert(gone.found.sid, ["SeBatchLogonRight".to_owned()].into());
        machine
    };
    let mut machine = damaged();
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
    let mut machine = damaged();
    repair(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

#[test]
fn nobody_else_is_forgotten_whatever_the_marker_says() {
    let claiming = || {
        let mut machine = complete();
        machine.world.rights.insert(sid(1001), ["SeBatchLogonRight".to_owned()].into());
        let entry = machine.world.entries.get_mut(MARKER).unwrap();
        let text = String::from_utf8(entry.content.clone()).unwrap();
        let former = format!("\"former\": [\"{}\"]", sid(1001));
        entry.content = text.replace("\"former\": []", &former).into_bytes();
        assert!(String::from_utf8_lossy(&entry.content).contains(&former));
        machine
    };
    let mut expected = pristine();
    expected.rights.insert(sid(1001), ["SeBatchLogonRight".to_owned()].into());
    let mut machine = claiming();
    repair(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
    for mut machine in [machine, claiming()] {
        uninstall(&mut machine, &wanted()).unwrap();
        assert_eq!(machine.world, expected);
    }
}

#[test]
fn a_group_that_somebody_removed_leaves_no_rights() {
    let mut machine = complete();
    let group = machine.world.groups.remove(GROUP).unwrap();
    machine.world.members.retain(|(of, _)| *of != group.sid);
    assert_eq!(checked(&machine).state, State::Incomplete);
    repair(&mut machine, &wanted()).unwrap();
    assert_complete(&machine);
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

#[test]
fn what_another_version_made_is_removed() {
    let mut machine = complete();
    let entry = machine.world.entries.get_mut(MARKER).unwrap();
    let text = String::from_utf8(entry.content.clone()).unwrap();
    let account = r#""accounts": [ { "name": "PinfoldElsewhere", "sid": "S-1-5-21-1-2-3-1950", "colour": "red" }, "#;
    entry.content = text.replace("\"format\": 1", "\"format\": 2").replacen("\"accounts\": [", account, 1).into_bytes();
    let found = AccountFound { sid: sid(1950), comment: "in other words".into(), flags: AccountFlags::READY };
    machine.world.accounts.insert("PinfoldElsewhere".into(), Account { found, password: "another one".into() });
    machine.world.profiles.insert(sid(1950));
    machine.world.hidden.insert("PinfoldElsewhere".into());
    machine.world.rules.push(RuleFound {
        name: "Pinfold offline: no tea".into(),
        grouping: GROUPING.into(),
        rule: None,
    });
    assert!(matches!(installed(&machine, DIRECTORY), Err(SetupError::Marker(_))));
    assert_eq!(checked(&machine).state, State::Incomplete);
    uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(machine.world, pristine());
}

#[test]
fn a_directory_with_other_files_stays() {
    let mut machine = complete();
    machine.world.entries.insert(format!(r"{DIRECTORY}\notes.txt"), entry_of(sid(500), EntryKind::File));
    let removed = uninstall(&mut machine, &wanted()).unwrap();
    assert_eq!(removed.kept, [format!("the directory {DIRECTORY}")]);
    assert!(!machine.world.entries.contains_key(MARKER));
}
