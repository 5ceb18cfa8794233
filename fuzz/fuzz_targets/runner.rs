//! What a runner and its supervisor hear, from the stream on: no bytes make them panic, wherever they are cut, what
//! they accept they write the same way, and nothing is heard after the end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_runner::{
    Decoder, FromRunner, FromSupervisor, MESSAGE_BYTES_MAX, Order, Report, START_BYTES_MAX, Stdio, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let cut = usize::from(*cut).max(1);
    // As a stream with sizes, and each line as a message, which is easier to come by.
    let lines: Vec<u8> = bytes.split(|byte| *byte == b'\n').flat_map(framed).collect();
    for stream in [bytes, &lines] {
        let mut account = FromRunner::new(Stdio::Pipes);
        for report in heard::<Report>(stream, cut) {
            let over = account.is_over();
            assert!(account.hear(&report).is_err() || !over);
            account.start_sent();
        }
        let mut account = FromSupervisor::default();
        for order in heard::<Order<Value>>(stream, cut) {
            let _ = account.hear(&order);
            account.started_sent();
        }
    }
});

fn framed(line: &[u8]) -> Vec<u8> {
    let length = u32::try_from(line.len()).expect("an input is small");
    [&length.to_le_bytes(), line].concat()
}

/// All messages until something is none.
fn heard<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8], cut: usize) -> Vec<M> {
    let (mut decoder, mut all) = (Decoder::new(), Vec::new());
    for piece in bytes.chunks(cut) {
        decoder.feed(piece);
        loop {
            match decoder.next(MESSAGE_BYTES_MAX) {
                Ok(Some(message)) => match serde_json::from_slice::<M>(message) {
                    Ok(message) => all.push(message),
                    Err(_) => return all,
                },
                Ok(None) => break,
                Err(_) => return all,
            }
        }
    }
    for message in &all {
        let written = encode(message, START_BYTES_MAX).expect("what was read is small");
        let again: M = serde_json::from_slice(&written[4..]).expect("what was written can be read");
        assert_eq!(again, *message);
    }
    all
}
