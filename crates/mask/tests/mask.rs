//! What a masked file keeps, what it does not, and which files are refused.

use pinfold_mask::{FILE_BYTES_MAX, MASKED_BYTES_MAX, Unmaskable, mask, mask_with, placeholder};
use proptest::prelude::*;

fn masked(text: &str) -> String {
    mask(text.as_bytes()).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[test]
fn keys_comments_and_lines_stay() {
    let file = r#"# the database
DATABASE_URL=postgres://ada:secret@db/app
export TOKEN = 'a b c'  # of the robot

  INDENTED="with \"quotes\" in it"
EMPTY=
ALSO_EMPTY=""
TICKS=`echo secret`
JSON={"key": "secret=1"}
KEY="-----BEGIN KEY-----
c2VjcmV0

c2VjcmV0==
-----END KEY-----" # many lines
dotted.key-name=secret # not known to be a comment
#OLD_TOKEN=secret
# see https://example.com/?q=secret and so on
# ==== a line ====
"#;
    let expected = r#"# the database
DATABASE_URL=pinfold-masked-DATABASE_URL
export TOKEN = 'pinfold-masked-TOKEN'  # of the robot

  INDENTED="pinfold-masked-INDENTED"
EMPTY=
ALSO_EMPTY=""
TICKS=`pinfold-masked-TICKS`
JSON=pinfold-masked-JSON
KEY="pinfold-masked-KEY



" # many lines
dotted.key-name=pinfold-masked-dotted.key-name
#OLD_TOKEN=pinfold-masked-OLD_TOKEN
# see https://example.com/?q=pinfold-masked-q
# ==== a line ====
"#;
    assert_eq!(masked(file), expected);
    assert_eq!(masked(&file.replace('\n', "\r\n")), expected.replace('\n', "\r\n"));
    assert_eq!(masked("\u{feff}A=b"), "\u{feff}A=pinfold-masked-A");
    assert_eq!(masked(""), "");
}

#[test]
fn what_readers_might_take_for_something_else_is_refused() {
    for (file, line) in [
        ("c2VjcmV0c2VjcmV0\n", 1),
        ("A=b\nc2VjcmV0c2VjcmV0=\n", 2),
        ("c2VjcmV0c2VjcmV0==\n", 1),
        ("# a seed\nonsww4tfoq=\n", 2),
        ("-----BEGIN KEY-----\nc2VjcmV0\n", 1),
        ("{\n  \"key\": \"value\"\n}", 1),
        ("key: value", 1),
        ("A='b\nC=d\n", 1),
        ("A='b\\'\nC='d'\n", 1),
        ("A=\"b\"c\n", 1),
        ("A=\"b\"#c\n", 1),
        ("A=\"b\nc\"d\n", 2),
        ("A=b\\\nc=d\n", 1),
        ("# a comment\rA=secret\n", 1),
        ("#A=\"first\n# second\"\n", 1),
        ("A=b\0c\n", 1),
        ("1A=b\n", 1),
        ("A B=c\n", 1),
        ("=c\n", 1),
        (&format!("{}=c\n", "A".repeat(129)), 1),
    ] {
        let refused = mask(file.as_bytes());
        assert!(matches!(refused, Err(Unmaskable::Line { line: at, .. }) if at == line), "{file:?}: {refused:?}");
    }
    assert_eq!(mask(b"A=\xff"), Err(Unmaskable::NotText));
}

#[test]
fn a_value_that_has_a_placeholder_keeps_it() {
    let known = |value: &str| (value == "secret").then(|| "another".to_owned());
    let masked = mask_with(b"A=secret\nB='secret'\nC=secrets\n", &known);
    assert_eq!(masked.as_deref(), Ok("A=another\nB='another'\nC=pinfold-masked-C\n"));
}

#[test]
fn a_refusal_does_not_quote_the_file() {
    let refused = mask(b"hunter2").expect_err("no assignment");
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
}

#[test]
fn what_is_read_and_written_is_limited() {
    assert_eq!(mask(&vec![b'#'; FILE_BYTES_MAX + 1]), Err(Unmaskable::TooLarge));
    assert!(mask(&vec![b'#'; FILE_BYTES_MAX]).is_ok());
    assert_eq!(mask("A=b\n".repeat(FILE_BYTES_MAX / 4).as_bytes()), Err(Unmaskable::TooLarge));
    let full = format!("{}=b\n", "A".repeat(120)).repeat(FILE_BYTES_MAX / 123);
    assert!(masked(&full).len() <= MASKED_BYTES_MAX);
}

/// One line of a file, with and without its value.
fn assignment() -> impl Strategy<Value = (String, String)> {
    let around = prop::sample::select(vec![
        ("", ""),
        ("\"", "\""),
        ("'", "'"),
        ("`", "`"),
        ("\"\\n", "\\\"\""),
        ("'a\n", "\nb'"),
    ]);
    let head = ("[ \t]{0,2}", "(export )?", "[A-Z_][A-Z0-9_]{0,8}", " ?= ?");
    (head, "SECRET[a-z0-9/+=#$ ]{8}", around).prop_map(|((blank, export, key, equals), value, (open, close))| {
        let head = format!("{blank}{export}{key}{equals}");
        let breaks = "\n".repeat(open.matches('\n').count() + close.matches('\n').count());
        let (quote, end) = (&open[..open.len().min(1)], &close[close.len() - close.len().min(1)..]);
        (format!("{head}{open}{value}{close}\n"), format!("{head}{quote}{}{breaks}{end}\n", placeholder(&key)))
    })
}

proptest! {
    #[test]
    fn no_value_gets_through(lines in prop::collection::vec(assignment(), 0..8), comment in "#[a-z ]{0,8}") {
        let file: String = lines.iter().map(|(line, _)| format!("{comment}\n{line}")).collect();
        let expected: String = lines.iter().map(|(_, masked)| format!("{comment}\n{masked}")).collect();
        let masked = masked(&file);
        prop_assert!(!masked.contains("SECRET"));
        prop_assert_eq!(masked, expected);
    }

    #[test]
    fn any_text_is_refused_or_keeps_its_lines_and_is_not_changed_again(text in "([A-Za-z_#='\"`\\\\ .\n\r\t:-]|é|export ){0,60}") {
        if let Ok(once) = mask(text.as_bytes()) {
            prop_assert_eq!(once.matches('\n').count(), text.matches('\n').count());
            prop_assert_eq!(mask(once.as_bytes()), Ok(once));
        }
    }
}
