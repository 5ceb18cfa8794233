//! What is written can be read, and nothing else.

use proptest::prelude::*;

use crate::Letters;
use crate::transaction::begun::Begun;
use crate::transaction::journal::Journal;

#[test]
fn every_name_survives_the_journey() {
    let every: Vec<u8> = (0..=255).collect();
    let letters = Letters::of(&every);
    let text = serde_json::to_string(&letters).unwrap();
    assert_eq!(serde_json::from_str::<Letters>(&text).unwrap(), letters);
    assert!(serde_json::from_str::<Letters>("\"\u{100}\"").is_err());
}

#[test]
fn a_journal_leads_nowhere_else() {
    let of = |path: &str, slot: u32| format!(r#"{{"path":"{path}","slot":{slot},"old":null,"new":null,"link":null}}"#);
    let journal = |moves: &str| format!(r#"{{"version":1,"moves":[{moves}],"writes":[],"notes":[]}}"#);
    let read = |moves: &str| Journal::parse(journal(moves).as_bytes());
    assert!(read(&of("a/b", 1)).is_ok());
    for path in ["", "/", "..", "a/..", "/etc", "a//b", "./a"] {
        assert!(read(&of(path, 1)).is_err(), "{path}");
    }
    assert!(read(&[of("a", 1), of("b", 1)].join(",")).is_err());
    assert!(Journal::parse(journal("").replace(":1", ":2").as_bytes()).is_err());
}

#[test]
fn the_slots_in_a_tree_are_ours() {
    let of = |name: &str| {
        format!(
            r#"{{"version":1,"tree":"/t","inode":1,"inside":"{name}","mode":493,"modified":{{"seconds":0,"nanoseconds":0}},"undoes":false}}"#
        )
    };
    assert!(Begun::parse(of(".pinfold-apply-0123456789abcdef").as_bytes()).is_ok());
    for name in ["src", "..", ".pinfold-apply-", ".pinfold-apply-a/../../b"] {
        assert!(Begun::parse(of(name).as_bytes()).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        _ = Journal::parse(&bytes);
    }
}
