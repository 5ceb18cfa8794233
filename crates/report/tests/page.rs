//! Texts from inside stay texts, whatever is in them, and the page stays small enough to be read.

use std::cell::RefCell;
use std::collections::BTreeSet;

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use pinfold_ledger::{Event, Record, Timestamp};
use pinfold_report::{About, Verification, write_html};
use proptest::prelude::*;
use serde_json::Value;

/// An event of each kind. Each `X` is a text of a stranger.
const EVENTS: &str = r#"[
{"kind": "start", "session": "X", "agent": "X", "user": {"name": "X", "uid": 1}, "host": "X", "version": "X",
 "workspace": "X", "command": ["X", "X"], "profile": "X", "policy": "X", "plan": "X",
 "assurance": [{"promise": "X", "kept-by": "X"}], "best-effort": true,
 "stage": {"name": "X", "layer": "X", "forked-from": "X"}},
{"kind": "exec", "pid": 2, "parent": 1, "argv": ["X", "X"], "cwd": "X", "executable": "X", "errno": 13},
{"kind": "lookup", "name": "X", "type": "X", "verdict": {"allow": false, "reason": "X", "rule": "X"}},
{"kind": "connect", "connection": 1, "host": "X", "port": 443, "way": "socks", "process": {"pid": 2, "exe": "X"},
 "inspected": true, "verdict": {"allow": false, "reason": "X", "rule": "X"}},
{"kind": "connect", "connection": 1, "host": "X", "port": 444, "way": "socks", "inspected": true,
 "verdict": {"allow": true, "reason": "X", "rule": "X"}},
{"kind": "request", "connection": 1, "host": "X", "port": 443, "method": "X", "path": "X",
 "verdict": {"allow": false, "reason": "X", "rule": "X"}},
{"kind": "close", "connection": 1, "host": "X", "port": 443, "way": "socks", "bytes-out": 1, "bytes-in": 2, "ms": 3,
 "end": {"failed": {"what": "X"}}},
{"kind": "secret", "name": "X", "host": "X", "connection": 1, "what": {"returned": {"place": "X"}}},
{"kind": "budget", "name": "X", "limit": 1, "connection": 1, "host": "X"},
{"kind": "refused", "what": "file", "name": "X", "operation": "X", "rule": "X", "why": "X"},
{"kind": "refused", "what": "file", "name": "X", "operation": "read", "why": "X"},
{"kind": "grant", "what": "X", "allow": true, "by": "X", "how": "X"},
{"kind": "trust", "path": "X", "sha256": "X", "by": "X", "how": "X"},
{"kind": "quarantined", "path": "X", "moved-to": "X"},
{"kind": "stage", "act": "fork", "stage": "X", "run": "X", "other": "X", "reviewed": "X", "why": "X"},
{"kind": "change", "path": "X", "what": "renamed", "from": "X", "size": 1},
{"kind": "trap", "path": "X", "line": 1, "rule": "X", "severity": "high", "when": "X", "text": "X"},
{"kind": "note", "text": "X"},
{"kind": "end", "limit": "X", "duration-ms": 1}
]"#;

/// A page in which every text is this one.
fn page_of(text: &str) -> String {
    let mut events: Value = serde_json::from_str(EVENTS).expect("events");
    plant(&mut events, text);
    let events: Vec<Event> = serde_json::from_value(events).expect("events");
    page(text, Verification::Wrong(text.to_owned()), events)
}

fn plant(value: &mut Value, text: &str) {
    match value {
        Value::String(place) if place == "X" => text.clone_into(place),
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, text)),
        Value::Object(members) => members.values_mut().for_each(|item| plant(item, text)),
        _ => {}
    }
}

fn page(session: &str, verification: Verification, events: impl IntoIterator<Item = Event>) -> String {
    let at = |seq: u64| Timestamp::from_nanoseconds(1_772_366_400_000_000_000 + seq * 1_000_000);
    let records = events.into_iter().zip(0..).map(|(event, seq)| Record { seq, time: at(seq), cut: false, event });
    let mut page = Vec::new();
    write_html(&About { session, verification }, records, &mut page).expect("written");
    String::from_utf8(page).expect("UTF-8")
}

/// What a browser reads: elements, attributes with their values, and the texts of scripts and styles.
#[derive(Default)]
struct Read {
    elements: RefCell<BTreeSet<String>>,
    attributes: RefCell<BTreeSet<(String, String)>>,
    raw: RefCell<String>,
    others: RefCell<usize>,
    within: RefCell<bool>,
}

impl TokenSink for Read {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(Tag { kind, name, attrs, .. }) => {
                self.elements.borrow_mut().insert(name.to_string());
                let pairs =
                    attrs.iter().map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()));
                self.attributes.borrow_mut().extend(pairs);
                let raw = match &*name {
                    "script" => Some(RawKind::ScriptData),
                    "style" => Some(RawKind::Rawtext),
                    "title" => Some(RawKind::Rcdata),
                    _ => None,
                };
                *self.within.borrow_mut() = kind == TagKind::StartTag && raw.is_some() && &*name != "title";
                match raw.filter(|_| kind == TagKind::StartTag) {
                    Some(raw) => TokenSinkResult::RawData(raw),
                    None => TokenSinkResult::Continue,
                }
            }
            Token::CharacterTokens(text) => {
                if *self.within.borrow() {
                    self.raw.borrow_mut().push_str(&text);
                }
                TokenSinkResult::Continue
            }
            Token::CommentToken(_) | Token::NullCharacterToken => {
                *self.others.borrow_mut() += 1;
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

fn read(page: &str) -> Read {
    let tokenizer = Tokenizer::new(Read::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(page.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink
}

const ELEMENTS: &[&str] = &[
    "a", "body", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "head", "header", "html", "input",
    "li", "main", "meta", "p", "script", "section", "span", "strong", "style", "summary", "table", "tbody", "td", "th",
    "thead", "title", "tr", "ul",
];
const ATTRIBUTES: &[&str] = &[
    "aria-label",
    "aria-labelledby",
    "charset",
    "class",
    "content",
    "data-name",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "open",
    "placeholder",
    "scope",
    "type",
];

fn assert_harmless(page: &str, mark: &str) {
    let read = read(page);
    for element in &*read.elements.borrow() {
        assert!(ELEMENTS.contains(&&**element), "the element {element} comes from a text");
    }
    for (name, value) in &*read.attributes.borrow() {
        assert!(ATTRIBUTES.contains(&&**name), "the attribute {name} comes from a text");
        assert!(!value.contains(mark), "{name} holds a text: {value}");
        assert!(name != "href" || value.starts_with('#'), "a link leads away: {value}");
    }
    assert!(!read.raw.borrow().contains(mark), "a script or style holds a text");
    assert_eq!(*read.others.borrow(), 0, "comments or NUL");
    let hidden = |letter: char| letter != '\n' && (letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter));
    assert!(!page.contains(hidden), "a character that hides or turns others");
}

#[test]
fn the_reader_of_these_tests_sees_what_a_browser_would() {
    let read = read("<p>a</p><b onclick=zz9>b</b><!-- c -->");
    assert!(read.elements.borrow().contains("b"));
    assert!(read.attributes.borrow().contains(&("onclick".into(), "zz9".into())));
    assert_eq!(*read.others.borrow(), 1);
}

#[test]
fn hostile_texts_stay_texts() {
    for text in [
        "zz9<script>alert(1)</script>",
        "zz9\"><img src=x onerror=alert(1)>",
        "zz9' onclick='alert(1)",
        "zz9</title></style></script><svg/onload=alert(1)>",
        "zz9<!--",
        "zz9]]>&lt;script&gt;&#x3c;b&#x3e;",
        "zz9\u{202e}gpj.exe\u{2066}\u{200f}",
        "zz9\u{1b}[31m\u{1b}]8;;https://evil.example\u{7}",
        "zz9\0\r\n\u{7f}\u{9b}",
        "zz9javascript:alert(1)",
        "/w/zz9/<b>/../..//",
        "zz9`${alert(1)}`{{7*7}}",
    ] {
        let page = page_of(text);
        assert_harmless(&page, "zz9");
        assert!(page.contains("zz9"), "it is shown");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_text_stays_a_text(text in ".{0,40}", odd in r#"[<>&"'/=!\-a-c\\ ]{0,40}"#) {
        assert_harmless(&page_of(&format!("zz9{text}{odd}")), "zz9");
    }
}

#[test]
fn the_page_loads_nothing_and_its_policy_names_its_own_script_by_hash() {
    let page = page_of("x");
    let read = read(&page);
    let attributes = read.attributes.borrow();
    let policy = attributes.iter().find(|(name, value)| name == "content" && value.starts_with("default-src 'none'"));
    let (_, policy) = policy.expect("a policy");
    assert!(!policy.contains("unsafe") && policy.matches("sha256-").count() == 2, "{policy}");
    assert!(!page.contains("url(") && !page.contains("@import"));
    // The hashes are of what stands there: a browser takes neither more nor less.
    use base64::Engine;
    use sha2::Digest;
    for (begin, end) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let text = page.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).expect("there").0;
        let hash = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(text));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{begin}");
    }
}

#[test]
fn a_huge_session_is_a_page_that_can_be_read() {
    let huge = "<&\"\u{202e}".repeat(1 << 18);
    let exec = |number: u32| Event::Exec {
        pid: number,
        parent: 1,
        argv: vec!["x".into(), if number == 7 { huge.as_str().into() } else { "y".into() }],
        argv_cut: false,
        cwd: "/w".into(),
        executable: "/bin/x".into(),
        sha256: None,
        errno: None,
    };
    let change = |number: u32| Event::Change {
        path: format!("/w/{}/{number}", "a/".repeat((number % 3000) as usize)).as_str().into(),
        what: pinfold_ledger::event::Change::Created,
        from: None,
        size: None,
        sha256: None,
    };
    let page =
        page("s", Verification::Unknown("nobody looked".into()), (0..50_000).map(exec).chain((0..5000).map(change)));
    assert!(page.len() < 8 << 20, "{} bytes", page.len());
    assert!(page.contains("50\u{202f}000"), "all are counted");
    assert_harmless(&page, "zz9");
}

#[test]
fn a_session_of_nothing_is_a_page_too() {
    let page = page("s", Verification::Unknown("nobody looked".into()), []);
    assert_harmless(&page, "zz9");
    assert!(page.contains("not recorded"));
}
