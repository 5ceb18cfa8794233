//! An event as the members of its line's object, cut where it is too large.

use serde_json::Value;

use crate::Event;
use crate::limits::RECORD_BYTES_MAX;
use crate::timestamp::LETTERS;

/// What a line needs beside the members: its place, moment and sum.
const AROUND: usize = 64 + LETTERS + 64;
/// How many bytes of each text and how many items of each list are kept, tried one after the other.
const CUTS: [(usize, usize); 4] = [(4096, 256), (1024, 64), (256, 32), (32, 8)];

/// The members, without braces, `kind` first unless it was cut.
pub(super) fn body(event: &Event) -> serde_json::Result<Vec<u8>> {
    let whole = serde_json::to_vec(event)?;
    if fits(&whole) {
        return Ok(members(&whole, b""));
    }
    let value: Value = serde_json::from_slice(&whole)?;
    let mut cut = Vec::new();
    for (bytes, items) in CUTS {
        cut = serde_json::to_vec(&shortened(&value, bytes, items))?;
        if fits(&cut) {
            break;
        }
    }
    Ok(members(&cut, b"\"cut\":true,"))
}

fn fits(json: &[u8]) -> bool {
    json.len() + AROUND <= RECORD_BYTES_MAX
}

fn members(object: &[u8], before: &[u8]) -> Vec<u8> {
    let inner = object.strip_prefix(b"{").and_then(|json| json.strip_suffix(b"}")).unwrap_or_default();
    [before, inner].concat()
}

fn shortened(value: &Value, bytes: usize, items: usize) -> Value {
    match value {
        Value::String(text) => Value::String(text[..text.floor_char_boundary(bytes)].to_owned()),
        Value::Array(list) => list.iter().take(items).map(|item| shortened(item, bytes, items)).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.clone(), shortened(value, bytes, items))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, Text};

    #[test]
    fn whatever_is_appended_fits_in_a_line_and_can_be_read() {
        let huge = || Text::from_bytes(&[0; 100_000]);
        let event = Event::Exec {
            pid: 1,
            parent: 0,
            argv: vec![huge(); 40],
            argv_cut: false,
            cwd: huge(),
            executable: huge(),
            sha256: None,
            errno: None,
        };
        let body = String::from_utf8(body(&event).expect("written")).expect("text");
        assert!(body.len() < RECORD_BYTES_MAX);
        let line = format!("{{\"seq\":1,\"time\":\"2026-03-01T12:00:00.000000000Z\",{body},\"sum\":\"\"}}");
        let record: Record = serde_json::from_str(&line).expect("a record");
        assert!(record.cut && record.event.kind() == "exec");
    }
}
