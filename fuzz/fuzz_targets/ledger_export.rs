//! What is exported: any record there can be, in every format, one line or row each; and what collectors answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_ledger::Record;
use pinfold_ledger::export::otlp::Answer;
use pinfold_ledger::export::{Format, write};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
        for format in [Format::Jsonl, Format::Csv, Format::Ocsf] {
            let mut out = Vec::new();
            write(format, [("s".to_owned(), record.clone())], &mut out).expect("memory takes all");
            assert!(out.ends_with(b"\n"));
            if format != Format::Csv {
                assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
                serde_json::from_slice::<serde_json::Value>(&out).expect("a line is JSON");
            }
        }
    }
    for status in [200, 400, 503] {
        let retry_after = std::str::from_utf8(bytes).ok().map(str::to_owned);
        let answer = Answer { status, retry_after, body: bytes.to_owned() };
        assert!(!format!("{:?}", answer.meaning()).contains(char::is_control));
    }
});
