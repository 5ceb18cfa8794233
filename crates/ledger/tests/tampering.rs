//! Whatever somebody without the key does to a ledger, it no longer verifies, and the first wrong event is named.

mod support;

use std::fs;
use std::path::Path;

use pinfold_ledger::event::End;
use pinfold_ledger::{Flaw, Ledger, LedgerError, Limits, Scope, What};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use support::{Scratch, note};

/// What is done to the log of one session, or to the log of sessions.
#[derive(Debug, Clone)]
enum Deed {
    Flip {
        byte: Index,
        bit: u8,
    },
    Drop {
        line: Index,
    },
    Swap {
        one: Index,
        other: Index,
    },
    Repeat {
        line: Index,
        at: Index,
    },
    Truncate {
        byte: Index,
    },
    /// A line of another session in the place of one, or at the end.
    Splice {
        line: Index,
        from: Index,
    },
    /// The log as it was after so many lines.
    Replay {
        line: Index,
    },
    /// A change of what it says that leaves everything else as it is.
    Edit {
        line: Index,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), 0..8_u8).prop_map(|(byte, bit)| Deed::Flip { byte, bit }),
        1 => index().prop_map(|line| Deed::Drop { line }),
        1 => (index(), index()).prop_map(|(one, other)| Deed::Swap { one, other }),
        1 => (index(), index()).prop_map(|(line, at)| Deed::Repeat { line, at }),
        1 => index().prop_map(|byte| Deed::Truncate { byte }),
        1 => (index(), index()).prop_map(|(line, from)| Deed::Splice { line, from }),
        1 => index().prop_map(|line| Deed::Replay { line }),
        1 => index().prop_map(|line| Deed::Edit { line }),
    ]
}

impl Deed {
    /// Does it. The place of the first line that is no longer the same, or nothing if all are.
    fn carry_out(&self, log: &mut Vec<u8>, foreign: &[u8]) -> Option<u64> {
        let before = log.clone();
        let mut lines: Vec<Vec<u8>> = split(&before);
        match self {
            Self::Flip { byte, bit } => {
                let at = byte.index(log.len());
                log[at] ^= 1 << bit;
                lines = split(log);
            }
            Self::Truncate { byte } => {
                log.truncate(byte.index(log.len()));
                lines = split(log);
            }
            Self::Drop { line } => drop(lines.remove(line.index(lines.len()))),
            Self::Swap { one, other } => {
                let (one, other) = (one.index(lines.len()), other.index(lines.len()));
                lines.swap(one, other);
            }
            Self::Repeat { line, at } => {
                let line = lines[line.index(lines.len())].clone();
                lines.insert(at.index(lines.len() + 1), line);
            }
            Self::Splice { line, from } => {
                let foreign = split(foreign);
                let (at, line) = (line.index(lines.len() + 1), foreign[from.index(foreign.len())].clone());
                lines.truncate(lines.len().max(at));
                if at < lines.len() { lines[at] = line } else { lines.push(line) }
            }
            Self::Replay { line } => lines.truncate(line.index(lines.len())),
            Self::Edit { line } => {
                let line = line.index(lines.len());
                let text = String::from_utf8(lines[line].clone()).expect("text");
                lines[line] = text.replace("length", "Länge").replace("session", "mission").into_bytes();
            }
        }
        *log = lines.concat();
        (*log != before).then(|| split(&before).iter().zip(&lines).take_while(|(old, new)| old == new).count() as u64)
    }
}

fn split(log: &[u8]) -> Vec<Vec<u8>> {
    log.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// The log of a session, or of sessions, in one piece.
fn read(root: &Path, log: Option<&str>) -> Vec<u8> {
    let Some(session) = log else { return fs::read(root.join("heads")).expect("a log") };
    let files = fs::read_dir(root.join("sessions").join(session)).expect("a directory").count();
    let segment = |number: usize| root.join(format!("sessions/{session}/{number}"));
    (0..files).flat_map(|number| fs::read(segment(number)).expect("a segment")).collect()
}

fn write(root: &Path, log: Option<&str>, bytes: &[u8]) {
    let Some(session) = log else { return fs::write(root.join("heads"), bytes).expect("written") };
    let directory = root.join("sessions").join(session);
    fs::remove_dir_all(&directory).expect("removed");
    fs::create_dir(&directory).expect("a directory");
    fs::write(directory.join("0"), bytes).expect("written");
}

/// Sessions `0`, `1`, …; for each of their events, whether it is committed at once.
fn write_ledger(scratch: &Scratch, sessions: &[Vec<bool>], segment_bytes: u64) -> Ledger {
    let ledger = scratch.ledger().with_limits(Limits { segment_bytes, ..Limits::default() });
    for (id, events) in sessions.iter().enumerate() {
        let writer = ledger.begin(&id.to_string()).expect("begun");
        for (number, commit) in events.iter().enumerate() {
            writer.append(&note(number as u64)).expect("appended");
            if *commit {
                writer.commit().expect("committed");
            }
        }
        writer.end(End::default()).expect("ended");
    }
    ledger
}

fn flaw(ledger: &Ledger, scope: &Scope<'_>) -> Flaw {
    match ledger.verify(scope) {
        Err(LedgerError::Flaw(flaw)) => flaw,
        other => panic!("no flaw: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 100, ..ProptestConfig::default() })]
    #[test]
    fn no_deed_stays_unseen(
        sessions in vec(vec(any::<bool>(), 0..12), 2..4),
        segment_bytes in 500..6000_u64,
        deeds in vec((any::<Index>(), deed()), 40),
    ) {
        let (scratch, tampered) = (Scratch::new(), Scratch::new());
        let ledger = write_ledger(&scratch, &sessions, segment_bytes);
        let checkpoint = ledger.checkpoint().expect("signed");
        let scope = Scope { against: Some(&checkpoint), ..Scope::default() };
        // The control: what nobody touched verifies.
        ledger.verify(&scope).expect("no flaw");
        for (which, deed) in deeds {
            scratch.copy_to(&tampered);
            let which = which.index(sessions.len() + 1);
            let log = (which < sessions.len()).then(|| which.to_string());
            let mut bytes = read(tampered.root(), log.as_deref());
            let foreign = read(tampered.root(), Some(&((which + 1) % sessions.len()).to_string()));
            let Some(seq) = deed.carry_out(&mut bytes, &foreign) else { continue };
            // The line of the checkpoint itself is what whoever verifies against it has.
            if log.is_none() && seq >= checkpoint.size() {
                continue;
            }
            write(tampered.root(), log.as_deref(), &bytes);
            // The owner is told which one it is.
            let found = flaw(&tampered.ledger(), &scope);
            prop_assert_eq!((&found.session, found.seq), (&log, seq), "{:?}: {}", deed, found);
            if let Deed::Splice { .. } = deed {
                let other = found.what == What::OfSession(((which + 1) % sessions.len()).to_string());
                prop_assert!(other || found.what == What::Added, "{}", found);
            }
            // Others are told where to look.
            let found = flaw(&Ledger::for_reading(tampered.root(), *ledger.public_key()), &scope);
            let range = found.seq..=found.until.unwrap_or(found.seq);
            prop_assert!(found.session == log && range.contains(&seq), "{:?} at {}: {}", deed, seq, found);
        }
    }
}

#[test]
fn whole_sessions_cannot_be_swapped_replayed_or_renamed() {
    let scratch = Scratch::new();
    let ledger = write_ledger(&scratch, &[vec![true; 5], vec![true; 5]], 1000);
    let path = |id: &str| scratch.path(&format!("sessions/{id}"));
    let rename = |from: &str, to: &str| fs::rename(path(from), path(to)).expect("renamed");
    let check = |expected: (&str, What)| {
        let found = flaw(&ledger, &Scope::default());
        assert_eq!((found.session.as_deref(), found.seq, found.what), (Some(expected.0), 0, expected.1));
    };
    rename("0", "kept");
    check(("kept", What::Unknown));
    fs::remove_dir_all(scratch.path("sessions/kept")).expect("removed");
    check(("0", What::Gone));
    rename("1", "0");
    check(("0", What::OfSession("1".into())));
}

#[test]
fn a_ledger_under_another_key_is_not_this_one() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let ledger = write_ledger(&scratch, &[vec![true; 3]], 1000);
    let forged = write_ledger(&other, &[vec![true; 3]], 1000);
    forged.verify(&Scope::default()).expect("no flaw by its own key");
    flaw(&Ledger::for_reading(other.root(), *ledger.public_key()), &Scope::default());
}

#[test]
fn a_session_cannot_be_pruned_by_somebody_without_the_key() {
    let scratch = Scratch::new();
    let ledger = write_ledger(&scratch, &[vec![true; 3], vec![true; 3]], 1000);
    let mut heads = read(scratch.root(), None);
    let seq = split(&heads).len();
    let time = "2026-03-01T12:00:00.000000000Z";
    let record = format!(
        "{{\"seq\":{seq},\"time\":\"{time}\",\"kind\":\"pruned\",\"session\":\"1\",\"sum\":\"0123456789abcdef\"}}\n"
    );
    heads.extend(record.as_bytes());
    write(scratch.root(), None, &heads);
    fs::remove_dir_all(scratch.path("sessions/1")).expect("removed");
    let found = flaw(&ledger, &Scope::default());
    assert_eq!((found.session, found.seq, found.what), (None, seq as u64, What::Changed));
    // Without the private key the record is as good as none, as it is not signed.
    let found = flaw(&Ledger::for_reading(scratch.root(), *ledger.public_key()), &Scope::default());
    assert_eq!((found.session.as_deref(), found.what), (Some("1"), What::Gone));
    // Nothing is built on it.
    assert!(matches!(ledger.checkpoint(), Err(LedgerError::Flaw(_))));
}

#[test]
fn a_session_that_is_not_closed_cannot_be_changed_either() {
    let (scratch, tampered) = (Scratch::new(), Scratch::new());
    let ledger = scratch.ledger();
    let writer = ledger.begin("0").expect("begun");
    for number in 0..4 {
        writer.append(&note(number)).expect("appended");
        writer.commit().expect("committed");
    }
    drop(writer);
    scratch.copy_to(&tampered);
    let log = read(scratch.root(), Some("0"));
    for at in (0..log.len() - 1).step_by(5) {
        let mut changed = log.clone();
        changed[at] ^= 1;
        write(tampered.root(), Some("0"), &changed);
        let found = flaw(&tampered.ledger(), &Scope::default());
        let line = log[..at].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!((found.session.as_deref(), found.seq), (Some("0"), line as u64), "byte {at}: {found}");
    }
    // And nothing wrong is signed.
    assert!(tampered.ledger().recover().expect("looked")[0].closed.is_err());
    assert!(ledger.recover().expect("looked")[0].closed.is_ok());
}
