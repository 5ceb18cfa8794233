//! Logs, proofs, checkpoints and keys: no bytes make the readers panic, what is no log of this ledger never verifies,
//! and what is read is written the same way.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pinfold_ledger::event::End;
use pinfold_ledger::{Checkpoint, Ledger, Proof, PublicKey, Record, Scope, Text, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(Text::from_bytes(bytes).to_bytes(), bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        texts(text);
    }
    let (ledger, log) = ledger();
    std::fs::write(log, bytes).expect("a log");
    for record in ledger.records("x").expect("a log").flatten() {
        let json = serde_json::to_vec(&record).expect("a record can be written");
        assert_eq!(serde_json::from_slice::<Record>(&json).expect("and read"), record);
    }
    assert!(ledger.verify(&Scope::default()).is_err(), "nobody but the owner can make a log");
    assert!(Ledger::for_reading(log.join("../../.."), *ledger.public_key()).verify(&Scope::default()).is_err());
});

fn texts(text: &str) {
    let (ledger, _) = ledger();
    if let Ok(proof) = Proof::parse(text) {
        assert!(proof.verify(ledger.public_key()).is_err(), "nobody but the owner can prove");
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string().trim_end(), text.trim_end());
        assert!(!checkpoint.is_signed_by(ledger.public_key()));
    }
    if let Some(key) = PublicKey::parse(text) {
        assert_eq!(key.to_string(), text.trim_end());
    }
    if let Some(time) = Timestamp::parse(text) {
        assert_eq!(time.to_string(), text);
    }
}

/// A ledger with a closed session, and the file of its log.
fn ledger() -> &'static (Ledger, PathBuf) {
    static LEDGER: OnceLock<(Ledger, PathBuf)> = OnceLock::new();
    LEDGER.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("pinfold-fuzz-ledger-{}", std::process::id()));
        let ledger = Ledger::open(&root).expect("a ledger");
        ledger.begin("x").and_then(|writer| writer.end(End::default())).expect("a session");
        (ledger, root.join("sessions/x/0"))
    })
}
