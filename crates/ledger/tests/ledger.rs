//! What a ledger does for those who write and read it.

mod support;

use std::fs;

use pinfold_ledger::event::End;
use pinfold_ledger::{
    Durability, Filter, Ledger, LedgerError, Limits, Note, Proof, Record, Retention, Scope, State, Timestamp, What,
};
use support::{Scratch, note, write_session};

#[test]
fn what_was_appended_is_read_in_order_and_verifies() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    let writer = ledger.begin("one").expect("begun");
    for number in 0..100 {
        writer.append(&note(number)).expect("appended");
        if number % 10 == 0 {
            writer.commit().expect("committed");
        }
    }
    assert_eq!(ledger.sessions().expect("sessions")[0].state, State::Running);
    writer.end(End { code: Some(0), ..End::default() }).expect("ended");
    let records: Vec<Record> = ledger.records("one").expect("a log").map(|record| record.expect("whole")).collect();
    assert_eq!(records.len(), 101);
    assert!(records.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert!((0..100).all(|number| records[number as usize].event == note(number)));
    assert_eq!(records[100].event.kind(), "end");
    let verified = ledger.verify(&Scope::default()).expect("no flaw");
    assert_eq!((verified.sessions, verified.events, verified.notes.len()), (1, 101, 0));
    assert!(matches!(ledger.sessions().expect("sessions")[0].state, State::Ended { .. }));
    let filter = Filter { kinds: vec!["end".into()], ..Filter::default() };
    assert_eq!(records.iter().filter(|record| filter.matches(record)).count(), 1);
}

#[test]
fn names_are_those_of_directories_and_used_once() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    for name in ["", ".", "..", "a/b", ".a", "a\n", "ä", &"a".repeat(129)] {
        assert!(matches!(ledger.begin(name), Err(LedgerError::Name(_))), "{name:?}");
        assert!(matches!(ledger.records(name), Err(LedgerError::Name(_))), "{name:?}");
    }
    write_session(&ledger, "a", 1);
    assert!(matches!(ledger.begin("a"), Err(LedgerError::Exists(_))));
    assert!(matches!(ledger.records("b"), Err(LedgerError::NoSession(_))));
    assert!(matches!(ledger.verify(&Scope { session: Some("b"), ..Scope::default() }), Err(LedgerError::NoSession(_))));
}

#[test]
fn many_writers_work_at_once() {
    let scratch = Scratch::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let scratch = &scratch;
            scope.spawn(move || {
                for session in 0..3 {
                    // Each has its own, as processes have; the first makes the key.
                    write_session(&scratch.ledger(), &format!("{thread}-{session}"), 20);
                }
            });
        }
    });
    let verified = scratch.ledger().verify(&Scope::default()).expect("no flaw");
    assert_eq!((verified.sessions, verified.events), (24, 24 * 21));
}

#[test]
fn a_long_log_has_several_files() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger().with_limits(Limits { segment_bytes: 4096, ..Limits::default() });
    write_session(&ledger, "long", 300);
    assert!(fs::read_dir(scratch.path("sessions/long")).expect("a directory").count() > 5);
    assert_eq!(ledger.verify(&Scope::default()).expect("no flaw").events, 301);
    assert_eq!(ledger.records("long").expect("a log").count(), 301);
    let last = ledger.records("long").expect("a log").last().map(|record| record.expect("whole"));
    assert_eq!(ledger.last_record("long").expect("a log"), last);
}

#[test]
fn what_a_session_has_no_room_for_is_counted() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger().with_limits(Limits { session_bytes: 300 << 10, ..Limits::default() });
    write_session(&ledger, "full", 2000);
    let records: Vec<Record> = ledger.records("full").expect("a log").map(|record| record.expect("whole")).collect();
    let Some(pinfold_ledger::Event::End(end)) = records.last().map(|record| &record.event) else { panic!("no end") };
    assert!(end.dropped > 0);
    assert_eq!(ledger.last_record("full").expect("a log").as_ref(), records.last());
    // And the note that says so.
    assert_eq!(records.len() as u64 + end.dropped, 2002);
    ledger.verify(&Scope::default()).expect("no flaw");
}

#[test]
fn a_session_whose_writer_is_gone_is_closed_as_broken_off() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    let writer = ledger.begin("left").expect("begun");
    writer.append(&note(1)).expect("appended");
    writer.commit().expect("committed");
    assert!(ledger.recover().expect("looked").is_empty(), "its writer lives");
    drop(writer);
    assert_eq!(ledger.sessions().expect("sessions")[0].state, State::Left);
    let segment = scratch.path("sessions/left/0");
    fs::write(&segment, [fs::read(&segment).expect("a log"), b"{\"seq\":2,\"ti".to_vec()].concat()).expect("written");
    let notes = ledger.verify(&Scope::default()).expect("no flaw").notes;
    assert!(matches!(notes[..], [Note::Torn { bytes: 12, .. }, Note::Open { running: false, .. }]), "{notes:?}");
    let recovered = ledger.recover().expect("looked");
    assert!(recovered.iter().all(|session| session.closed.is_ok()) && recovered.len() == 1);
    let notes = ledger.verify(&Scope::default()).expect("no flaw").notes;
    assert!(matches!(notes[..], [Note::BrokenOff { adopted: 0, cut_bytes: 12, .. }]), "{notes:?}");
    assert!(ledger.recover().expect("looked").is_empty());
    assert_eq!(ledger.records("left").expect("a log").count(), 1);
}

#[test]
fn a_proof_convinces_whoever_has_the_key_alone() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    write_session(&ledger, "other", 3);
    write_session(&ledger, "one", 50);
    let running = ledger.begin("running").expect("begun");
    running.append(&note(7)).expect("appended");
    running.commit().expect("committed");
    let other_key = *Scratch::new().ledger().public_key();
    for (session, records) in [("one", 51), ("running", 1)] {
        let known: Vec<Record> = ledger.records(session).expect("a log").map(|record| record.expect("whole")).collect();
        assert_eq!(known.len(), records);
        for record in known {
            let text = serde_json::to_string(&ledger.prove(session, record.seq).expect("a proof")).expect("JSON");
            let proof = Proof::parse(&text).expect("a proof");
            assert_eq!(proof.verify(ledger.public_key()).expect("proven"), record);
            assert!(proof.verify(&other_key).is_err());
            // Nothing in it can be changed.
            let forged =
                text.replacen(&format!("number {}", record.seq), "number 99", 1).replace("\"code\"", "\"cone\"");
            assert!(forged == text || Proof::parse(&forged).expect("a form").verify(ledger.public_key()).is_err());
            let swapped = text.replacen(&format!("\"session\":\"{session}\""), "\"session\":\"other\"", 1);
            assert!(Proof::parse(&swapped).expect("a form").verify(ledger.public_key()).is_err());
        }
    }
    assert!(matches!(ledger.prove("one", 10_000), Err(LedgerError::NoEvent { .. })));
}

#[test]
fn pruned_logs_are_gone_and_no_flaw_but_removed_ones_are() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    for id in ["a", "b", "c"] {
        write_session(&ledger, id, 20);
    }
    let all: u64 =
        ["a", "b", "c"].map(|id| fs::metadata(scratch.path(&format!("sessions/{id}/0"))).expect(id).len()).iter().sum();
    let most = Retention { total_bytes: Some(all - 1), ..Retention::default() };
    assert_eq!(ledger.prune(&most).expect("pruned"), ["a"]);
    assert!(ledger.prune(&most).expect("pruned").is_empty());
    let verified = ledger.verify(&Scope::default()).expect("no flaw");
    assert_eq!((verified.sessions, verified.notes), (2, vec![Note::Pruned { session: "a".into() }]));
    assert!(matches!(ledger.records("a"), Err(LedgerError::Pruned(_))));
    fs::remove_dir_all(scratch.path("sessions/b")).expect("removed");
    let Err(LedgerError::Flaw(flaw)) = ledger.verify(&Scope::default()) else { panic!("a flaw") };
    assert_eq!((flaw.session.as_deref(), flaw.what), (Some("b"), What::Gone));
    let old = Retention { older_than: Some(Timestamp::now()), ..Retention::default() };
    assert_eq!(ledger.prune(&old).expect("pruned"), ["b", "c"]);
}

#[test]
fn an_earlier_checkpoint_shows_that_the_ledger_was_rolled_back() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger();
    write_session(&ledger, "a", 5);
    let copy = Scratch::new();
    scratch.copy_to(&copy);
    let early = ledger.checkpoint().expect("signed");
    let running = ledger.begin("b").expect("begun");
    running.append(&note(1)).expect("appended");
    running.commit().expect("committed");
    let late = ledger.checkpoint().expect("signed").to_string().parse().expect("a checkpoint");
    for checkpoint in [&early, &late] {
        ledger.verify(&Scope { against: Some(checkpoint), ..Scope::default() }).expect("no flaw");
    }
    // The old copy verifies by itself, and not against what was signed since.
    copy.ledger().verify(&Scope::default()).expect("no flaw");
    let rolled_back = copy.ledger().verify(&Scope { against: Some(&late), ..Scope::default() });
    let Err(LedgerError::Flaw(flaw)) = rolled_back else { panic!("a flaw") };
    assert_eq!((flaw.session, flaw.what), (None, What::CutOff));
    // That of another ledger is none.
    let foreign = Scratch::new().ledger().checkpoint().expect("signed");
    let against = Scope { against: Some(&foreign), ..Scope::default() };
    assert!(matches!(ledger.verify(&against), Err(LedgerError::NotACheckpoint)));
    // The running session cannot be shortened behind a checkpoint any more.
    drop(running);
    fs::write(scratch.path("sessions/b/0"), "").expect("written");
    let Err(LedgerError::Flaw(flaw)) = ledger.verify(&Scope::default()) else { panic!("a flaw") };
    assert_eq!((flaw.session.as_deref(), flaw.what), (Some("b"), What::CutOff));
    assert!(ledger.recover().expect("looked")[0].closed.is_err(), "nothing wrong is signed");
}

#[test]
fn a_lost_or_wrong_key_is_told() {
    let scratch = Scratch::new();
    write_session(&scratch.ledger(), "a", 1);
    let key = scratch.path("key");
    fs::write(&key, "x").expect("written");
    assert!(matches!(Ledger::open(scratch.root()), Err(LedgerError::Key { .. })));
    fs::remove_file(&key).expect("removed");
    assert!(matches!(Ledger::open(scratch.root()), Err(LedgerError::Key { .. })));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    write_session(&scratch.ledger(), "a", 1);
    fs::set_permissions(scratch.path("key"), fs::Permissions::from_mode(0o644)).expect("changed");
    assert!(matches!(Ledger::open(scratch.root()), Err(LedgerError::Key { .. })));
}

#[test]
fn what_the_log_of_sessions_lost_in_a_power_cut_is_known_again_if_it_is_the_owners() {
    let scratch = Scratch::new();
    let ledger = scratch.ledger().with_durability(Durability::Process);
    write_session(&ledger, "a", 3);
    let heads = std::fs::read(scratch.path("heads")).expect("heads");
    write_session(&ledger, "b", 3);
    // As if the last seconds had never reached the disk.
    std::fs::write(scratch.path("heads"), &heads).expect("written");
    let forged = scratch.path("sessions/c");
    std::fs::create_dir(&forged).expect("a directory");
    std::fs::copy(scratch.path("sessions/b/0"), forged.join("0")).expect("a copy under another name");
    let recovered = ledger.recover().expect("recovered");
    let closed: Vec<_> = recovered.iter().map(|one| (one.session.as_str(), one.closed.is_ok())).collect();
    assert_eq!(closed, [("b", true), ("c", false)]);
    assert!(ledger.verify(&Scope::default()).is_err(), "the forged one stays unknown");
    std::fs::remove_dir_all(&forged).expect("removed");
    let verified = ledger.verify(&Scope::default()).expect("whole");
    // Its end could have been cut off, so it is told.
    assert_eq!((verified.sessions, verified.notes), (2, vec![Note::Found { session: "b".into() }]));
    assert!(ledger.recover().expect("looked").is_empty());
}

#[test]
fn sessions_begin_and_end_while_others_recover() {
    let scratch = Scratch::new();
    scratch.ledger();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let ledger = scratch.ledger();
            scope.spawn(move || (0..20).for_each(|session| write_session(&ledger, &format!("{thread}-{session}"), 2)));
            let ledger = scratch.ledger();
            scope.spawn(move || {
                for _ in 0..60 {
                    assert!(ledger.recover().expect("looked").is_empty(), "nobody was gone");
                    ledger.verify(&Scope::default()).expect("no flaw");
                }
            });
        }
    });
    assert_eq!(scratch.ledger().verify(&Scope::default()).expect("no flaw").sessions, 60);
}
