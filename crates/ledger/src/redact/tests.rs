//! Whatever is planted in an event, wherever, is not in it afterwards.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Text;

/// An event of each kind, with all that it may have, in JSON.
const EVENTS: &str = r#"[
{"kind": "start", "session": "a", "agent": "b", "user": {"name": "c", "uid": 1}, "host": "d", "version": "e",
 "workspace": "f", "command": ["g", "h"], "profile": "i", "policy": "j", "plan": "k",
 "assurance": [{"promise": "l", "kept-by": "m"}], "best-effort": false},
{"kind": "exec", "pid": 2, "parent": 1, "argv": ["a", "b", "c"], "cwd": "d", "executable": "e", "sha256": "f", "errno": 13},
{"kind": "lookup", "name": "a", "type": "b", "verdict": {"allow": true, "reason": "c", "rule": "d"}},
{"kind": "connect", "connection": 1, "host": "a", "port": 443, "address": "192.0.2.1", "way": "transparent",
 "process": {"pid": 2, "exe": "b"}, "inspected": true, "verdict": {"allow": true, "reason": "c", "rule": "d"}},
{"kind": "request", "connection": 1, "host": "a", "port": 443, "method": "b", "path": "c",
 "verdict": {"allow": true, "reason": "d", "rule": "e"}},
{"kind": "close", "connection": 1, "host": "a", "port": 443, "way": "socks", "bytes-out": 1, "bytes-in": 2, "ms": 3,
 "end": {"failed": {"what": "b"}}},
{"kind": "close", "connection": 1, "host": "a", "port": 443, "way": "socks", "bytes-out": 1, "bytes-in": 2, "ms": 3,
 "end": {"stopped": {"what": "b"}}},
{"kind": "secret", "name": "a", "host": "b", "connection": 1, "what": {"misplaced": {"place": "c"}}},
{"kind": "secret", "name": "a", "host": "b", "connection": 1, "what": {"returned": {"place": "c"}}},
{"kind": "budget", "name": "a", "limit": 1, "connection": 1, "host": "b"},
{"kind": "refused", "what": "file", "name": "a", "operation": "b", "rule": "c", "why": "d"},
{"kind": "grant", "what": "a", "allow": true, "by": "b", "how": "c"},
{"kind": "trust", "path": "a", "sha256": "b", "by": "c", "how": "d"},
{"kind": "quarantined", "path": "a", "moved-to": "b"},
{"kind": "stage", "act": "apply", "stage": "a", "run": "b", "other": "c", "reviewed": "d", "why": "e",
 "paths": {"first": ["f", "g"], "count": 2, "sha256": "h"}, "traps": {"first": ["i"], "count": 1, "sha256": "j"},
 "conflicts": {"first": ["k"], "count": 1, "sha256": "l"}},
{"kind": "change", "path": "a", "what": "renamed", "from": "b", "size": 1, "sha256": "c"},
{"kind": "trap", "path": "a", "line": 1, "rule": "b", "severity": "high", "when": "c", "text": "d"},
{"kind": "note", "text": "a"},
{"kind": "end", "code": 0, "signal": 1, "limit": "a", "duration-ms": 1, "peak-memory-bytes": 1, "cpu-ms": 1, "dropped": 0}
]"#;

/// Each event as often as it has texts, every time with the planted text in another one.
fn planted(text: &str) -> Vec<Event> {
    let events: Vec<Value> = serde_json::from_str(EVENTS).expect("events");
    let mut planted = Vec::new();
    for event in events {
        let texts = (0..).map_while(|place| with_text(&event, place, text));
        planted.extend(texts.filter_map(|event| serde_json::from_value(event).ok()));
    }
    planted
}

/// The event with another text in one place; nothing when it has no such place.
fn with_text(event: &Value, place: usize, text: &str) -> Option<Value> {
    fn leaf<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
        match value {
            Value::Array(items) => items.iter_mut().find_map(|item| leaf(item, place)),
            Value::Object(members) => members.values_mut().find_map(|item| leaf(item, place)),
            Value::String(_) => match place.checked_sub(1) {
                None => Some(value),
                Some(less) => {
                    *place = less;
                    None
                }
            },
            _ => None,
        }
    }
    let (mut event, mut place) = (event.clone(), place);
    *leaf(&mut event, &mut place)? = text.into();
    Some(event)
}

/// A text as it is masked where no value is known.
pub(super) fn masked(text: &str) -> String {
    let none: [(&str, &str); 0] = [];
    Redactor::new(none).expect("a redactor").text(text).into_owned()
}

fn disguises(value: &str, before: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let whole = format!("{before}{value}x");
    let every = |digits: fn(&u8) -> String| bytes.iter().map(digits).collect::<String>();
    vec![
        value.to_owned(),
        Text::from(value).as_str().to_owned(),
        serde_json::to_string(value).expect("JSON"),
        every(|byte| format!("{byte:02x}")),
        every(|byte| format!("{byte:02X}")),
        every(|byte| format!("%{byte:02x}")),
        pinfold_mask::percent(value),
        pinfold_mask::percent(&BASE64_STANDARD.encode(&whole)),
        BASE64_STANDARD.encode(value),
        BASE64_STANDARD_NO_PAD.encode(&whole),
        BASE64_URL_SAFE.encode(&whole),
    ]
}

/// Is there anything of the value: as it is, or in base64 without the letters that its neighbours decide?
fn tells(json: &str, value: &str, disguise: &str) -> bool {
    let inner: String = disguise.chars().skip(4).take(disguise.chars().count().saturating_sub(8)).collect();
    let escaped = |text: &str| serde_json::to_string(text).expect("JSON").trim_matches('"').to_owned();
    // Three letters stand in many an event.
    let inner = (inner.chars().count() > 3).then_some(&*inner);
    [Some(value), inner].into_iter().flatten().any(|part| json.contains(part) || json.contains(&escaped(part)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_value_is_in_no_event_in_no_disguise(
        value in r#"[!-~é]{1,3}[ -~é]{8,60}[!-~é]"#,
        before in "[a-zé:]{0,3}",
        around in r#"[ -~é]{0,12}"#,
    ) {
        let redactor = Redactor::new([("OTHER", "another value"), ("NAME", &value)]).expect("a redactor");
        for disguise in disguises(&value, &before) {
            for mut event in planted(&format!("{around} {disguise}{around}")) {
                redactor.event(&mut event);
                let json = serde_json::to_string(&event).expect("JSON");
                prop_assert!(!tells(&json, &value, &disguise), "{disguise}: {json}");
                prop_assert!(json.contains("[redacted:NAME]"), "{disguise}: {json}");
                let once = event.clone();
                redactor.event(&mut event);
                prop_assert_eq!(event, once, "masking twice is masking once");
            }
        }
    }

    #[test]
    fn any_bytes_can_be_masked(value: Vec<u8>, bytes: Vec<u8>, text in r"[ -~\\%é\x1e\x1f]{0,80}") {
        let redactor = Redactor::new([("NAME", value)]).expect("a redactor");
        redactor.text(&text);
        let mut event = Event::Quarantined { path: Text::from_bytes(&bytes), moved_to: text.as_str().into() };
        redactor.event(&mut event);
    }
}

#[test]
fn what_is_not_masked_stays_to_the_byte() {
    let redactor = Redactor::new([("NAME", "hunter2hunter2")]).expect("a redactor");
    for event in planted("an ordinary text, 100% harmless\\x41") {
        let mut same = event.clone();
        redactor.event(&mut same);
        assert_eq!(same, event);
    }
    let odd = Text::from_bytes(b"/caf\xe9/\\hunter2hunter2/\xff");
    let mut event = Event::Quarantined { path: odd.clone(), moved_to: odd };
    redactor.event(&mut event);
    let Event::Quarantined { path, .. } = event else { panic!("another event") };
    assert_eq!(path.to_bytes(), b"/caf\xe9/\\[redacted:NAME]/\xff");
}

#[test]
fn short_values_are_not_looked_for_and_white_space_is_no_part_of_one() {
    let redactor = Redactor::new([("SHORT", "1234567"), ("FILE", "  hunter2hunter2\n")]).expect("a redactor");
    assert_eq!(redactor.text("1234567 hunter2hunter2"), "1234567 [redacted:FILE]");
}

#[test]
fn values_that_overlap_leave_nothing_of_each_other() {
    let redactor =
        Redactor::new([("A", "abcdefgh1"), ("B", "gh1234567"), ("C", "abcdefgh1-longer")]).expect("a redactor");
    assert_eq!(redactor.text("x abcdefgh1234567 abcdefgh1-longer"), "x [redacted:A] [redacted:C]");
}

#[test]
fn a_line_of_a_long_value_is_found_alone() {
    let redactor = Redactor::new([("KEY", "first line of the key\nsecond line of the key\n")]).expect("a redactor");
    assert_eq!(redactor.text("> second line of the key"), "> [redacted:KEY]");
}

#[test]
fn a_key_that_goes_on_into_the_next_text_stays_in_its_own() {
    let mut event = Event::Quarantined { path: "-----BEGIN PRIVATE KEY-----\nMII".into(), moved_to: "/x".into() };
    Redactor::new([("A", "unrelated")]).expect("a redactor").event(&mut event);
    assert_eq!(event, Event::Quarantined { path: "[redacted:private-key]".into(), moved_to: "/x".into() });
}
