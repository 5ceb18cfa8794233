//! A call that fails, or a process that ends, at each place in turn.

use pinfold_plan::windows::accounts::Use;
use pinfold_setup::{Code, SetupError, State, install, installed, repair, uninstall};

use crate::foreign::damages;
use crate::recorded::{Failure, Recorded};
use crate::scene::{assert_complete, checked, complete, machine, pristine, wanted};

const FAILURES: [Failure; 3] = [Failure::Before, Failure::After, Failure::Death];

pub(crate) type Act = fn(&mut Recorded) -> Result<(), SetupError>;

const INSTALL: Act = |machine| install(machine, &wanted()).map(drop);
const REPAIR: Act = |machine| repair(machine, &wanted()).map(drop);
const UNINSTALL: Act = |machine| uninstall(machine, &wanted()).map(drop);

/// From a state, does something with one failure after the other, until none is met any more. What must never be is watched
/// by the machine itself.
fn at_every_call(
    places: impl Iterator<Item = usize>,
    state: &dyn Fn() -> Recorded,
    act: Act,
    then: &dyn Fn(Recorded, Result<(), SetupError>),
) -> usize {
    for at in places {
        for how in FAILURES {
            let mut machine = state().failing(at, how);
            let done = act(&mut machine);
            if machine.calls.get() <= at {
                assert_eq!(done, Ok(()));
                return at;
            }
            then(machine.restarted(), done);
        }
    }
    unreachable!("there are only so many calls")
}

/// Whatever was reached: it is told, repaired, and removed.
fn assert_recovers(machine: Recorded, done: Result<(), SetupError>) {
    let found = checked(&machine);
    match found.state {
        State::Complete => assert_complete(&machine),
        State::Absent => assert_eq!(machine.world, pristine()),
        State::Incomplete => {
            assert!(done.is_err());
            // A run does not rely on it.
            let usable = installed(&machine, &wanted().directory).is_ok_and(|setup| setup.is_some());
            let disabled = |used: &Use| {
                machine.world.accounts.get(used.name()).is_some_and(|account| account.found.flags.is_disabled())
            };
            assert!(!usable || Use::ALL.iter().any(disabled), "{:?}", found.differences);
        }
    }
    let world = machine.world.clone();
    let again = |act: Act| {
        let mut machine = machine_of(world.clone());
        act(&mut machine).expect("nothing fails any more");
        machine
    };
    assert_complete(&again(REPAIR));
    assert_eq!(again(UNINSTALL).world, pristine());
    let mut both = again(REPAIR);
    UNINSTALL(&mut both).expect("nothing fails any more");
    assert_eq!(both.world, pristine());
}

fn machine_of(world: crate::recorded::World) -> Recorded {
    let mut machine = machine();
    // Identifiers are not given twice.
    machine.skip_identifiers(100);
    machine.world = world;
    machine
}

#[test]
fn an_install_can_end_anywhere() {
    let calls = at_every_call(0.., &machine, INSTALL, &assert_recovers);
    assert!(calls > 100, "{calls}");
}

#[test]
fn a_repair_can_end_anywhere() {
    at_every_call(0.., &complete, REPAIR, &assert_recovers);
}

#[test]
fn an_uninstall_can_end_anywhere() {
    let calls = at_every_call(0.., &complete, UNINSTALL, &assert_recovers);
    assert!(calls > 50, "{calls}");
}

#[test]
fn a_repair_of_any_damage_can_end_anywhere() {
    for (number, damage) in damages().into_iter().enumerate() {
        let damaged = || {
            let mut machine = complete();
            damage(&mut machine.world);
            machine
        };
        // One call of many, another one for each damage: what is repaired of all of them is mostly the same.
        at_every_call((number..).step_by(23), &damaged, REPAIR, &|machine, _| {
            let mut machine = machine;
            repair(&mut machine, &wanted()).expect("nothing fails any more");
            assert_complete(&machine);
            uninstall(&mut machine, &wanted()).expect("nothing fails any more");
            assert_eq!(machine.world, pristine());
        });
    }
}

/// What fails is said with the thing and the function, and what to do next.
#[test]
fn errors_say_what_why_and_next() {
    at_every_call(0.., &machine, INSTALL, &|_, done| {
        if let Err(error) = done {
            let text = error.to_string();
            match error.code() {
                Code::CallFailed => assert!(text.starts_with("failed at ") && text.contains("Recorded"), "{text}"),
                // Why a password cannot be opened does not matter.
                code => assert_eq!((code, text.contains("cannot be opened")), (Code::NotAsWritten, true)),
            }
            assert!(!error.code().why().is_empty() && error.code().next().contains("--repair"));
        }
    });
}

/// Whoever is there to say that something failed also sees to it that no run relies on it.
#[test]
fn after_an_error_nobody_logs_on() {
    for state in [machine, complete] {
        at_every_call(0.., &state, REPAIR, &|machine, done| {
            let ours = Use::ALL.iter().filter_map(|used| machine.world.accounts.get(used.name()));
            let all_disabled = ours.clone().all(|account| account.found.flags.is_disabled());
            // Before the first change all is as it was.
            let untouched = machine.log_of_last.is_empty();
            assert!(done.is_ok() || machine.died || untouched || all_disabled);
            let usable = installed(&machine, &wanted().directory).is_ok_and(|setup| setup.is_some());
            assert!(!usable || ours.count() == 2 && !all_disabled);
        });
    }
}

/// While something holds an account, what holds the account stays.
#[test]
fn rules_stay_as_long_as_an_account_does() {
    at_every_call(0.., &complete, UNINSTALL, &|machine, _| {
        if let Some(account) = machine.world.accounts.get(Use::Offline.name()) {
            assert!(account.found.flags.is_disabled() || machine.world.filters.provider);
            assert_eq!(machine.world.rules.len(), 5);
            assert!(machine.world.filters.provider && machine.world.filters.sublayer);
        }
    });
}
