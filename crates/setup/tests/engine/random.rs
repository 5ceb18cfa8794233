//! Any sequence of setup, repair, removal, failures and damages ends where it should.

use pinfold_setup::{install, repair, uninstall};
use proptest::prelude::*;

use crate::foreign::damages;
use crate::recorded::{Failure, Recorded};
use crate::scene::{assert_complete, machine, pristine, wanted};

#[derive(Debug, Clone)]
enum Event {
    Install,
    Repair,
    Uninstall,
    Damage(usize),
    /// A run under an account leaves a profile.
    Use(&'static str),
}

fn events() -> impl Strategy<Value = Vec<(Event, Option<(usize, Failure)>)>> {
    let event = prop_oneof![
        Just(Event::Install),
        Just(Event::Repair),
        Just(Event::Uninstall),
        (0..damages().len()).prop_map(Event::Damage),
        prop_oneof![Just("PinfoldOffline"), Just("PinfoldOnline")].prop_map(Event::Use),
    ];
    let how = prop_oneof![Just(Failure::Before), Just(Failure::After), Just(Failure::Death)];
    let failure = proptest::option::of((0_usize..250, how));
    proptest::collection::vec((event, failure), 1..12)
}

fn apply(machine: &mut Recorded, event: &Event) {
    // Whether it fails does not matter: what must never be is watched by the machine itself.
    let _ = match event {
        Event::Install => install(machine, &wanted()).map(drop),
        Event::Repair => repair(machine, &wanted()).map(drop),
        Event::Uninstall => uninstall(machine, &wanted()).map(drop),
        Event::Damage(number) => {
            damages()[*number](&mut machine.world);
            Ok(())
        }
        Event::Use(name) => {
            if let Some(account) =
                machine.world.accounts.get(*name).filter(|account| !account.found.flags.is_disabled())
            {
                machine.world.profiles.insert(account.found.sid.clone());
            }
            Ok(())
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_sequence_can_be_repaired_and_undone(events in events()) {
        let mut machine = machine();
        for (event, failure) in &events {
            machine.failing = *failure;
            apply(&mut machine, event);
            machine = machine.restarted();
        }
        let reached = machine.world.clone();
        repair(&mut machine, &wanted()).expect("nothing fails any more");
        assert_complete(&machine);
        uninstall(&mut machine, &wanted()).expect("nothing fails any more");
        prop_assert_eq!(&machine.world, &pristine());
        machine.world = reached;
        uninstall(&mut machine, &wanted()).expect("nothing fails any more");
        prop_assert_eq!(&machine.world, &pristine());
    }
}
