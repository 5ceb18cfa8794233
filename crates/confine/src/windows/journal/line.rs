//! The lines of the journal: a checksum and what has been done, as JSON. The first one says which version wrote it.

use pinfold_acl::{Ace, Label};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::JournalError;
use super::spot::Spot;
use crate::hex;
use crate::windows::FileId;

/// The first line of this version.
pub(super) const HEAD: &str = "pinfold journal of access lists, version 1\n";
/// What the first line of any version begins with.
const HEAD_OF_ANY: &str = "pinfold journal of access lists, version ";

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Record {
    /// The list of a path gets these, now.
    Added {
        path: Spot,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileId>,
        entries: Vec<Ace>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        labelled: Option<Labelled>,
    },
    /// Something is about to be taken out of it.
    Changing { path: Spot },
    /// It is as it should be, and so is what inherits it.
    Settled { path: Spot },
    /// These are out of it.
    Removed { path: Spot, entries: Vec<Ace>, label: bool },
    /// There is nothing at the path any more.
    Dropped { path: Spot },
}

/// A label that is set, and what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Labelled {
    pub(super) set: Label,
    pub(super) before: Option<Label>,
}

/// A journal as it was found.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) records: Vec<Record>,
    /// With the first one.
    pub(super) lines: usize,
    /// The last one is not whole.
    pub(super) cut_off: bool,
    /// Another one is not what was written.
    pub(super) damaged: bool,
}

/// A line with its end.
pub(super) fn write(record: &Record) -> String {
    let text = serde_json::to_string(record).expect("records are plain data");
    format!("{} {text}\n", sum(text.as_bytes()))
}

/// Takes a journal apart.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, JournalError> {
    if HEAD.as_bytes().starts_with(bytes) && bytes.len() < HEAD.len() {
        return Ok(Parsed { cut_off: !bytes.is_empty(), ..Parsed::default() });
    }
    let Some(body) = bytes.strip_prefix(HEAD.as_bytes()) else { return Err(unknown_head(bytes)) };
    let mut parsed = Parsed { lines: 1, ..Parsed::default() };
    let mut rest = body;
    while !rest.is_empty() {
        let (line, behind, whole) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&rest[..end], &rest[end + 1..], true),
            None => (rest, &[][..], false),
        };
        match checked(line).filter(|_| whole) {
            Some(json) => {
                parsed.records.push(read(json)?);
                parsed.lines += 1;
            }
            None if behind.is_empty() => parsed.cut_off = true,
            None => parsed.damaged = true,
        }
        rest = behind;
    }
    Ok(parsed)
}

/// What the sum stands before, where it fits.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (found, text) = (line.get(..SUM_DIGITS)?, line.get(SUM_DIGITS..)?.strip_prefix(b" ")?);
    (found == sum(text).as_bytes()).then_some(text)
}

/// A line whose sum fits was meant as it stands: one that is not understood is of another version.
fn read(json: &[u8]) -> Result<Record, JournalError> {
    serde_json::from_slice(json).map_err(|error| JournalError::Unknown { what: error.to_string() })
}

fn unknown_head(bytes: &[u8]) -> JournalError {
    let first: String = String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().chars().take(100).collect();
    let what = match first.strip_prefix(HEAD_OF_ANY) {
        Some(version) => format!("version {version}"),
        None => format!("it begins with {first:?}"),
    };
    JournalError::Unknown { what }
}

const SUM_DIGITS: usize = 16;

fn sum(text: &[u8]) -> String {
    Sha256::digest(text).get(..SUM_DIGITS / 2).map(hex).expect("a digest is longer")
}

#[cfg(test)]
mod tests {
    use pinfold_acl::{Access, Inherit, Level, Sid};

    use super::*;

    #[test]
    fn the_form_is_that_of_version_1() {
        let sid: Sid = "S-1-5-21-1-2-3-4".parse().unwrap();
        let record = Record::Added {
            path: Spot::at(r"C:\ü"),
            file: Some(FileId { volume: 0xab, file: 0x10 }),
            entries: vec![Ace::deny(sid, Access::DELETE, Inherit { only: true, ..Inherit::ALL })],
            labelled: Some(Labelled { set: Label::new(Level::LOW, Inherit::ALL), before: None }),
        };
        let line = write(&record);
        assert_eq!(
            line,
            concat!(
                r#"bcedfe0924f795bc {"step":"added","path":"C:\\ü","file":"ab-10","entries":[{"kind":"deny","#,
                r#""sid":"S-1-5-21-1-2-3-4","access":65536,"inherit":11}],"labelled":{"set":{"level":4096,"#,
                r#""no-write-up":true,"no-read-up":false,"no-execute-up":false,"inherit":3},"before":null}}"#,
                "\n"
            )
        );
        let parsed = parse(format!("{HEAD}{line}").as_bytes()).unwrap();
        assert_eq!((parsed.records, parsed.lines, parsed.cut_off), (vec![record], 2, false));
    }

    #[test]
    fn a_line_that_was_cut_off_anywhere_is_none() {
        let line = write(&Record::Settled { path: Spot::at("a") });
        let whole = format!("{HEAD}{line}{line}");
        for end in 0..whole.len() {
            let parsed = parse(&whole.as_bytes()[..end]).unwrap();
            let lines = [HEAD.len(), HEAD.len() + line.len(), whole.len()];
            assert_eq!(parsed.lines, lines.iter().filter(|length| **length <= end).count(), "{end}");
            assert_eq!(parsed.cut_off, end > 0 && !lines.contains(&end), "{end}");
            assert!(!parsed.damaged);
        }
    }

    #[test]
    fn a_damaged_line_costs_no_other() {
        let line = |path: &str| write(&Record::Settled { path: Spot::at(path) });
        let text = format!("{HEAD}{}{}{}", line("a"), line("b"), line("c")).replace(r#""b""#, r#""x""#);
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!((parsed.records.len(), parsed.cut_off, parsed.damaged), (2, false, true));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn whatever_is_there_is_read_without_harm(bytes: Vec<u8>, lines: Vec<String>) {
            let _ = parse(&bytes);
            let text: String = lines.iter().map(|line| format!("{} {line}\n", sum(line.as_bytes()))).collect();
            let _ = parse(format!("{HEAD}{text}").as_bytes());
            let _ = parse(&[HEAD.as_bytes(), &bytes].concat());
        }
    }

    #[test]
    fn what_another_version_wrote_is_refused() {
        let text = r#"{"step":"teleported","path":"a"}"#;
        let unknown = [
            format!("{HEAD_OF_ANY}2\n"),
            "[{\"something\":1}]".to_owned(),
            format!("{HEAD}{} {text}\n", sum(text.as_bytes())),
        ];
        for text in unknown {
            assert!(matches!(parse(text.as_bytes()), Err(JournalError::Unknown { .. })), "{text}");
        }
    }
}
