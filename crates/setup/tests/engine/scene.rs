//! A machine on which others have accounts, rules and files already.

use std::num::NonZeroU16;

use pinfold_acl::Sid;
use pinfold_plan::windows::accounts::{AccountFlags, Use};
use pinfold_setup::{
    AccountFound, Checked, EntryKind, GroupFound, RuleFound, State, Wanted, check, install, installed,
};

use crate::recorded::{Account, DIRECTORY, Recorded, World, entry_of, sid};

pub(crate) const PORT: u16 = 3128;

pub(crate) fn wanted() -> Wanted {
    Wanted { directory: DIRECTORY.into(), owner: sid(1001), gate_port: NonZeroU16::new(PORT), program: "0.1.0".into() }
}

/// Before anything of ours is there.
pub(crate) fn pristine() -> World {
    let mut world = World::default();
    let found = AccountFound { sid: sid(1001), comment: "Ada".into(), flags: AccountFlags(0x201) };
    world.accounts.insert("ada".into(), Account { found, password: "correct horse".into() });
    world.groups.insert("Users".into(), GroupFound { sid: Sid::USERS, comment: String::new() });
    world.members.insert((Sid::USERS, sid(1001)));
    world.rights.insert(Sid::USERS, ["SeInteractiveLogonRight".to_owned()].into());
    world.hidden.insert("scanner".into());
    world.profiles.insert(sid(1001));
    world.rules.push(RuleFound { name: "Core Networking".into(), grouping: "Core".into(), rule: None });
    world.entries.insert(r"C:\ProgramData".into(), entry_of(Sid::SYSTEM, EntryKind::Directory));
    world
}

/// With everything set up, and profiles of accounts that were used.
pub(crate) fn complete() -> Recorded {
    let mut machine = machine();
    install(&mut machine, &wanted()).expect("an empty machine");
    for used in Use::ALL {
        let sid = machine.world.accounts[used.name()].found.sid.clone();
        machine.world.profiles.insert(sid);
    }
    machine.restarted()
}

pub(crate) fn machine() -> Recorded {
    let mut machine = Recorded::new(pristine());
    machine.gate_port = Some(PORT);
    machine
}

pub(crate) fn checked(machine: &Recorded) -> Checked {
    check(machine, &wanted()).expect("a machine that answers")
}

/// Everything is there, and passwords open accounts.
pub(crate) fn assert_complete(machine: &Recorded) {
    let checked = checked(machine);
    assert_eq!(checked.state, State::Complete, "{:?}", checked.differences);
    let setup = installed(machine, &wanted().directory).expect("a finished marker").expect("a marker");
    for used in Use::ALL {
        let account = &machine.world.accounts[used.name()];
        assert_eq!(setup.account(used).sid, account.found.sid);
        assert_eq!(setup.password(machine, used).expect("sealed").expose(), account.password);
    }
}
