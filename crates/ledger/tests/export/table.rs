//! The table, read by a reader that is not ours.

use pinfold_ledger::Record;
use pinfold_ledger::export::{self, Format};
use proptest::prelude::*;

use crate::events::{SESSION, one_of_each, records};

/// What makes a formula of a cell.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn rows(records: Vec<(String, Record)>) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    export::write(Format::Csv, records, &mut out).expect("written");
    assert!(out.ends_with(b"\r\n"), "RFC 4180 ends lines so");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
    let rows = reader.records().map(|row| row.expect("a row as wide as the first").iter().map(str::to_owned).collect());
    rows.collect()
}

/// The text that was meant.
fn meant(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

proptest! {
    #[test]
    fn cells_are_read_again_and_none_is_a_formula(records in records()) {
        let rows = rows(records.clone());
        prop_assert_eq!(rows.len(), records.len() + 1);
        for (row, (_, record)) in rows.iter().skip(1).zip(&records) {
            prop_assert!(!row.iter().any(|cell| cell.starts_with(FORMULA)), "{row:?}");
            prop_assert_eq!(meant(&row[1]), SESSION);
            prop_assert_eq!(&row[3], record.event.kind());
            prop_assert_eq!(&serde_json::from_str::<Record>(meant(&row[9])).expect("a record"), record);
            if let Some(path) = record.event.paths().next().filter(|_| !matches!(record.event.kind(), "trap" | "stage")) {
                prop_assert_eq!(meant(&row[5]), path.as_str());
            }
        }
    }
}

#[test]
fn a_row_tells_what_happened_and_why() {
    let rows = rows(one_of_each());
    assert_eq!(rows[0].join(","), "time,session,seq,kind,verdict,subject,process,rule,reason,detail");
    assert_eq!(rows[1][..4], ["2026-03-01T12:00:00.123456789Z", SESSION, "0", "start"]);
    for row in &rows[1..] {
        let expected = match row[3].as_str() {
            "refused" | "budget" | "quarantined" => "refused",
            "start" | "close" | "trust" | "change" | "trap" | "stage" | "note" | "end" => "",
            _ => continue,
        };
        assert_eq!(row[4], expected, "{row:?}");
    }
}
