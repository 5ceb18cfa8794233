//! What is told of changes on every platform alike.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    fs::{self, File, FileTimes},
    time::{Duration, SystemTime},
};

use pinfold_survey::{
    Survey,
    changes::{Change, Changes, GroupKind, Options, Snapshot, What},
};
use support::{ENV, Tree};

/// Remembers a tree once what was made before is older than a tick of the clock.
fn remember(tree: &Tree) -> Snapshot {
    std::thread::sleep(Duration::from_millis(60));
    Survey::new([tree.root()]).denied(&ENV).walk_and_remember().unwrap().1
}

/// The changes as short words: `+` created, `~` modified, `-` deleted, `old>new` renamed; with `/` between names.
fn words(changes: &Changes) -> Vec<String> {
    let word = |change: &Change| {
        let path = change.path.display();
        let word = match &change.what {
            What::Created => format!("+{path}"),
            What::Modified => format!("~{path}"),
            What::Deleted => format!("-{path}"),
            What::Renamed { from } => format!("{}>{path}", from.display()),
        };
        word.replace('\\', "/")
    };
    changes.entries.iter().map(word).collect()
}

fn told(snapshot: &Snapshot) -> Changes {
    snapshot.changes(&Options::default())
}

#[test]
fn each_kind_of_change_is_told_and_nothing_else() {
    let tree = Tree::new();
    tree.file("a/read", "1").file("a/written", "2").file("a/gone", "3").file("a/old", "4").file("b/moved", "5");
    let snapshot = remember(&tree);
    assert!(told(&snapshot).is_empty());
    assert_eq!(fs::read_to_string(tree.at("a/read")).unwrap(), "1");
    tree.file("a/written", "22").file("a/new/deep", "6");
    fs::remove_file(tree.at("a/gone")).unwrap();
    fs::rename(tree.at("a/old"), tree.at("a/renamed")).unwrap();
    fs::rename(tree.at("b"), tree.at("c")).unwrap();
    let expected = ["-a/gone", "+a/new", "+a/new/deep", "a/old>a/renamed", "~a/written", "-b", "+c", "b/moved>c/moved"];
    assert_eq!(words(&told(&snapshot)), expected);
}

#[test]
fn what_a_changed_file_holds_is_told_by_its_digest_but_not_that_of_a_hidden_one() {
    let tree = Tree::new();
    tree.file("a/file", "before").file("a/.env", "KEY=1");
    let snapshot = remember(&tree);
    tree.file("a/file", "abc").file("a/.env", "KEY=2").file("b/c/.env", "");
    let changes = told(&snapshot);
    let sha256 = |name: &str| {
        let change = changes.entries.iter().find(|change| change.path == support::path(name));
        change.unwrap().sha256.map(|sum| sum[..4].to_vec())
    };
    assert_eq!(sha256("a/file"), Some(vec![0xba, 0x78, 0x16, 0xbf]));
    assert_eq!(sha256("a/.env"), None);
}

#[test]
fn a_time_of_writing_that_was_set_back_hides_nothing() {
    let tree = Tree::new();
    tree.file("file", "before");
    let snapshot = remember(&tree);
    tree.file("file", "behind");
    let file = File::options().write(true).open(tree.at("file")).unwrap();
    file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    drop(file);
    assert_eq!(words(&told(&snapshot)), ["~file"]);
}

#[test]
fn places_of_many_files_are_groups() {
    let tree = Tree::new();
    tree.file("web/node_modules/x/index.js", "1").file("src/main", "2");
    let snapshot = remember(&tree);
    tree.file("web/node_modules/x/index.js", "11").file("web/node_modules/y/index.js", "3").file("src/main", "22");
    let changes = told(&snapshot);
    let groups: Vec<_> = changes.groups.iter().map(|group| (group.path.as_path(), group.kind)).collect();
    assert_eq!(groups, [(support::path("web/node_modules"), GroupKind::Packages)]);
    let summary = changes.summary();
    assert_eq!((summary.files.modified, summary.files.total()), (1, 1));
}

#[test]
fn a_name_that_differs_in_its_case_alone_is_another_name() {
    let tree = Tree::new();
    tree.file("Name", "1");
    let snapshot = remember(&tree);
    fs::rename(tree.at("Name"), tree.at("nAME")).unwrap();
    if fs::read_dir(tree.root()).unwrap().flatten().all(|entry| entry.file_name() != "nAME") {
        return eprintln!("skipped, because this system leaves the name as it is (Wine)");
    }
    assert_eq!(words(&told(&snapshot)), ["Name>nAME"]);
}
