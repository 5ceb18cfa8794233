//! Merging beside git's own: what git merges is merged to the same or refused, and what git refuses is refused.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinfold_stage::{Merged, merge};
use proptest::prelude::*;

/// How often, unless `MERGE_CASES` says otherwise.
const CASES: u32 = 200;

struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What git makes of it; nothing where it finds conflicts.
fn git(base: &str, theirs: &str, mine: &str) -> Option<Vec<u8>> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("pinfold-merge-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let place = Place(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&place.0).unwrap();
    for (name, text) in [("base", base), ("theirs", theirs), ("mine", mine)] {
        std::fs::write(place.0.join(name), text).unwrap();
    }
    let mut git = Command::new("git");
    git.args(["merge-file", "-p", "mine", "base", "theirs"]).current_dir(&place.0).env_clear();
    let output = git.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 128), "{}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(output.stdout)
}

/// A text, and two that somebody made of it.
fn texts() -> impl Strategy<Value = (String, String, String)> {
    let line = prop_oneof![
        3 => "[a-z]{1,3}",
        2 => "[a-d]",
        1 => Just("}".to_owned()),
        1 => Just(String::new()),
    ];
    let lines = proptest::collection::vec(line, 0..24);
    let edit = || (0.0..1.0_f64, 0_usize..4, proptest::collection::vec("[a-c}]{0,1}", 0..4));
    let edits = || proptest::collection::vec(edit(), 0..4);
    (lines, edits(), edits(), any::<[bool; 4]>()).prop_map(|(base, theirs, mine, [ended, first, second, crlf])| {
        let end = if crlf { "\r\n" } else { "\n" };
        let text = |lines: &[String], ended: bool| {
            let text = lines.join(end);
            if ended && !lines.is_empty() { text + end } else { text }
        };
        let edited = |edits: &[(f64, usize, Vec<String>)]| {
            let mut lines = base.clone();
            for (place, removed, added) in edits {
                let start = (place * (lines.len() + 1) as f64) as usize;
                let end = (start + removed).min(lines.len());
                lines.splice(start..end, added.iter().cloned());
            }
            lines
        };
        (text(&base, ended), text(&edited(&theirs), first), text(&edited(&mine), second))
    })
}

fn cases() -> u32 {
    std::env::var("MERGE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_merged_otherwise_than_by_git((base, theirs, mine) in texts()) {
        let git = git(&base, &theirs, &mine);
        if let Merged::Clean(ours) = merge(base.as_bytes(), theirs.as_bytes(), mine.as_bytes()) {
            prop_assert_eq!(Some(ours), git);
        }
    }
}

/// Else the property would hold for whoever always refuses.
#[test]
fn what_is_apart_is_merged() {
    let base: String = (0..40).map(|line| format!("line {line}\n")).collect();
    let theirs = base.replace("line 5\n", "line five\n").replace("line 30\n", "");
    let mine = base.replace("line 12\n", "line 12\nline twelve\n") + "more\n";
    let Merged::Clean(ours) = merge(base.as_bytes(), theirs.as_bytes(), mine.as_bytes()) else { panic!("refused") };
    assert_eq!(Some(ours), git(&base, &theirs, &mine));
}
