//! What git makes of our diffs. A program of its own, as it starts others: a child that has not begun yet holds the locks that
//! other tests let go of.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use pinfold_stage::{Changes, choose, diffs, hunks};
use proptest::prelude::*;
use testing::Place;

// Where the places of the unit tests look for what they are made of.
mod layers {
    pub(crate) use pinfold_stage::Layers;
}
mod tree {
    pub(crate) use pinfold_stage::Tree;
}
#[allow(dead_code, reason = "other tests need what these do not")]
#[path = "../src/testing.rs"]
mod testing;

/// All diffs between `real` and the layers, as one text.
fn text(place: &Place) -> Vec<u8> {
    let layers = place.layers();
    let changes = Changes::of(&layers).unwrap();
    changes.all().iter().flat_map(|change| diffs(&layers, change).unwrap()).flat_map(|diff| diff.text()).collect()
}

/// What git makes of `real` by it.
fn apply(place: &Place, text: &[u8]) -> String {
    std::fs::write(place.path("patch"), text).unwrap();
    for arguments in [&["apply", "--check"][..], &["apply"][..]] {
        let mut git = Command::new("git");
        git.args(arguments).arg("../patch").current_dir(place.path("real")).env_clear();
        git.env("PATH", std::env::var_os("PATH").unwrap()).env("GIT_CEILING_DIRECTORIES", place.path(""));
        let output = git.output().unwrap();
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), text.escape_ascii());
    }
    String::from_utf8_lossy(text).into_owned()
}

fn content(place: &Place, path: &str) -> Vec<u8> {
    std::fs::read(place.path(path)).unwrap()
}

#[test]
fn a_change_is_told_as_git_tells_it() {
    let place = Place::new();
    place.file("real/a b", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n").file("0/a b", "1\n2\n3\n4\n5\n6\n7\n8\nx\n10\n11");
    place.file("real/run", "x\n").file("0/run", "x\n").mode("0/run", 0o755);
    assert_eq!(
        String::from_utf8(text(&place)).unwrap(),
        "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -6,6 +6,6 @@\n 6\n 7\n 8\n-9\n+x\n 10\n-11\n+11\n\
         \\ No newline at end of file\ndiff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
    );
    apply(&place, &text(&place));
    assert_eq!(content(&place, "real/a b"), content(&place, "0/a b"));
}

#[test]
fn git_makes_of_it_what_the_run_has_made() {
    let place = Place::new();
    place.file("real/gone", "1\n").whiteout("0/gone").file("0/new/file", "1\n2").file("0/empty", "");
    place.file("real/was", "long enough\n").whiteout("0/was").file("0/is", "long enough\n").mode("0/is", 0o755);
    place.link("0/link", "to/where").link("real/other", "a").link("0/other", "b").link("real/to-file", "a");
    place.file("0/to-file", "text\n").file("real/to-link", "text\n").link("0/to-link", "x").mode("0/new/file", 0o755);
    place.file("real/cr", "1\r\n2\r\n").file("0/cr", "1\r\n2\n");
    let name = OsStr::from_bytes(b"tab\t \"quoted\" \\ \xff\n");
    std::fs::write(place.path("0").join(name), "odd\n").unwrap();
    let text = apply(&place, &text(&place));
    assert!(text.contains("similarity index 100%\nrename from was\nrename to is\n"), "{text}");
    let real = place.path("real");
    for path in ["new/file", "empty", "is", "to-file", "cr"] {
        assert_eq!(std::fs::read(real.join(path)).unwrap(), content(&place, &format!("0/{path}")), "{path}");
    }
    assert_eq!(std::fs::read(real.join(name)).unwrap(), b"odd\n");
    for path in ["link", "other", "to-link"] {
        let target = std::fs::read_link(place.path("0").join(path)).unwrap();
        assert_eq!(std::fs::read_link(real.join(path)).unwrap(), target, "{path}");
    }
    assert!(!real.join("gone").exists() && !real.join("was").exists());
    let is_executable = |path: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(real.join(path)).unwrap().permissions().mode() & 0o100 != 0
    };
    assert!(is_executable("is") && is_executable("new/file") && !is_executable("empty"));
}

fn any_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![Just(""), Just("a"), Just("b"), Just("\\"), Just("-x"), Just("\r")];
    (proptest::collection::vec(line, 0..30), any::<bool>()).prop_map(|(lines, ends)| {
        let text = lines.join("\n");
        if ends && !text.is_empty() { text + "\n" } else { text }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn git_makes_of_any_text_the_other(old in any_text(), new in any_text()) {
        let place = Place::new();
        place.file("real/file", &old).file("0/file", &new);
        let text = text(&place);
        prop_assert_eq!(text.is_empty(), old == new);
        if old != new {
            apply(&place, &text);
        }
        prop_assert_eq!(content(&place, "real/file"), new.as_bytes());
        let all = hunks(old.as_bytes(), new.as_bytes());
        prop_assert_eq!(choose(old.as_bytes(), &all, |_| true), new.as_bytes());
        prop_assert_eq!(choose(old.as_bytes(), &all, |_| false), old.as_bytes());
    }
}
