//! What watchers say to a run, and what a run tells them: no bytes make the readers panic, and what is read is written
//! the same way again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_gate::link::{MESSAGE_BYTES_MAX, decode, encode};
use pinfold_run::control::{Said, Told};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(said) = decode::<Said>(bytes) {
        let written = encode(&said).expect("an answer fits");
        assert_eq!(decode::<Said>(&written).expect("what was written can be read"), said);
    }
    let Ok(told) = decode::<Told>(bytes) else { return };
    if let Told::Question(question) = &told {
        assert!(!question.sentence().contains(char::is_control));
    }
    // Escapes may make it longer than a packet is.
    if let Ok(written) = encode(&told) {
        assert!(written.len() <= MESSAGE_BYTES_MAX);
        assert_eq!(decode::<Told>(&written).expect("what was written can be read"), told);
    }
});
