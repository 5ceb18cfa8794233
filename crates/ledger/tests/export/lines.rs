//! JSON Lines: the records again, and whose they are.

use pinfold_ledger::Record;
use pinfold_ledger::export::{self, Format};
use proptest::prelude::*;

use crate::events::{SESSION, records};

proptest! {
    #[test]
    fn lines_are_the_records_with_their_session(records in records()) {
        let mut out = Vec::new();
        let count = export::write(Format::Jsonl, records.clone(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        prop_assert_eq!(count, records.len() as u64);
        prop_assert_eq!(text.lines().count(), records.len());
        for (line, (_, record)) in text.lines().zip(&records) {
            prop_assert_eq!(line.matches("\"session\":").count(), 1, "named once: {}", line);
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            prop_assert_eq!(value["session"].as_str(), Some(SESSION));
            prop_assert_eq!(&serde_json::from_value::<Record>(value).expect("a record"), record);
        }
    }
}
