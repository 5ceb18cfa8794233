//! What a walk makes of names as Windows has them.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    ffi::OsString,
    fs::{self, File, FileTimes},
    os::windows::{ffi::OsStringExt, fs::OpenOptionsExt},
};

use support::{Deny, Tree, path, paths, places, survey};

/// Needed to open a directory (`CreateFileW`).
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

#[test]
fn a_name_in_another_case_is_the_same_name() {
    let tree = Tree::new();
    tree.dir("a/.GIT/hooks").file("b/.EnvRC", "").dir("bare/Objects/x").dir("bare/REFS").file("bare/head", "");
    let found = survey(&tree).walk().unwrap();
    assert_eq!(places(&found.repositories), [path("a/.GIT"), path("bare")]);
    assert_eq!(paths(&found.named), [path("b/.EnvRC")]);
}

/// Plants below a directory with an odd name and says whether all is found.
fn finds_below(odd: OsString) {
    let tree = Tree::new();
    // Only in the form without parsing does a name count as it is written.
    let deep = fs::canonicalize(tree.root()).unwrap().join(&odd).join("deep");
    let planted = fs::create_dir_all(&deep).and_then(|()| fs::write(deep.join(".envrc"), ""));
    if planted.and_then(|()| fs::write(deep.join(".env"), "")).is_err() {
        return eprintln!("skipped, because this system keeps no such name (Wine on a file system of Unix)");
    }
    let found = survey(&tree).walk().unwrap();
    let below = path("").join(odd).join("deep");
    assert_eq!(paths(&found.named), [below.join(".envrc")]);
    assert_eq!(paths(&found.denied), [below.join(".env")]);
}

#[test]
fn half_a_surrogate_pair_hides_nothing() {
    finds_below(OsString::from_wide(&[0x61, 0xd800, 0x62]));
}

#[test]
fn a_dot_or_a_space_at_the_end_hides_nothing() {
    finds_below("dot.".into());
    finds_below("space ".into());
}

#[test]
fn reports_have_the_usual_separators() {
    let tree = Tree::new();
    tree.file("a/b/.env", "");
    let found = survey(&tree).walk().unwrap();
    assert_eq!(found.denied[0].path.to_str(), Some(r"a\b\.env"));
}

#[test]
fn a_forged_time_hides_nothing() {
    let tree = Tree::new();
    tree.file("a/file", "").dir("b");
    let survey = survey(&tree);
    let mut found = support::walk_later(&survey);
    let before = fs::metadata(tree.at("a")).unwrap();
    let times = FileTimes::new().set_modified(before.modified().unwrap());
    tree.file("a/.envrc", "").dir("a/.git").file("new/.env", "");
    let options = File::options().access_mode(0x100).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(tree.at("a"));
    options.unwrap().set_times(times).unwrap();
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!((paths(&appeared.named), paths(&appeared.denied)), (vec![path("a/.envrc")], vec![path("new/.env")]));
    assert_eq!(places(&appeared.repositories), [path("a/.git")]);
    assert!(found.stamps.rescan(&survey).unwrap().is_empty());
}

#[test]
fn a_matcher_sees_every_name() {
    let tree = Tree::new();
    tree.file("x/secret/below", "");
    let found = pinfold_survey::Survey::new([tree.root()]).denied(&Deny(&[b"secret"])).walk().unwrap();
    assert_eq!(paths(&found.denied), [path("x/secret")]);
}
