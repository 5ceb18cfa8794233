//! What a rescan finds, and what it does not need to read.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    fs::{self, File, FileTimes},
    path::Path,
};

use pinfold_survey::RepositoryKind;
use support::{Tree, path, paths, places, survey, walk_later};

#[test]
fn nothing_is_read_where_nothing_changed() {
    let tree = Tree::new();
    tree.repository("").file("a/b/.env", "").file("a/.envrc", "");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!((appeared.changed, appeared.gone, appeared.new), (0, 0, 0));
    assert!(appeared.is_empty());
    fs::write(tree.at("a/.envrc"), "changed in place").unwrap();
    assert_eq!(found.stamps.rescan(&survey).unwrap().changed, 0);
}

#[test]
fn what_was_planted_is_found_once_and_what_was_there_is_not_told_again() {
    let tree = Tree::new();
    tree.repository("").file("a/b/.env", "").file("a/.envrc", "").dir("a/b/c");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    tree.dir("a/b/c/sub/.git/hooks").file("a/b/.envrc", "").file("a/new/.env", "");
    tree.dir("bare/objects").dir("bare/refs").file("bare/HEAD", "");
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [path("a/b/.envrc")]);
    assert_eq!(paths(&appeared.denied), [path("a/new/.env")]);
    assert_eq!(places(&appeared.repositories), [path("a/b/c/sub/.git"), path("bare")]);
    assert_eq!((appeared.changed, appeared.new), (4, 3 + 1 + 2));
    std::thread::sleep(std::time::Duration::from_millis(60));
    for _ in 0..2 {
        assert!(found.stamps.rescan(&survey).unwrap().is_empty());
    }
    assert_eq!(found.stamps.rescan(&survey).unwrap().changed, 0);
    assert_eq!(found.stamps.directories(), survey.walk().unwrap().stamps.directories());
}

#[test]
fn a_bare_repository_that_is_completed_step_by_step_is_found_with_the_last_step() {
    let tree = Tree::new();
    tree.dir("x/objects").dir("x/refs");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    assert!(found.repositories.is_empty());
    tree.file("x/config", "");
    assert!(found.stamps.rescan(&survey).unwrap().is_empty());
    tree.file("x/HEAD", "");
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!((appeared.repositories.len(), appeared.repositories[0].kind), (1, RepositoryKind::Bare));
}

#[test]
fn work_with_git_is_no_news_but_a_new_worktree_or_submodule_is() {
    let tree = Tree::new();
    tree.repository("library").repository("main");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    tree.file("main/file", "").git("main", &["add", "."]).git("main", &["commit", "-qm", "second"]);
    tree.git("main", &["checkout", "-qb", "other"]);
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert!(appeared.is_empty() && appeared.changed > 0, "{appeared:?}");
    tree.git("main", &["worktree", "add", "-q", "../linked"]);
    tree.git("main", &["submodule", "--quiet", "add", "../library", "sub"]);
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(
        places(&appeared.repositories),
        [path("linked/.git"), path("main/.git/modules/sub"), path("main/.git/worktrees/linked"), path("main/sub/.git")]
    );
    assert!(appeared.repositories[0].acknowledged && appeared.repositories[3].acknowledged);
}

/// Sets all times of a directory that can be set.
fn forge(path: &Path, times: FileTimes) {
    File::open(path).unwrap().set_times(times).unwrap();
}

#[test]
fn a_forged_time_hides_nothing() {
    let tree = Tree::new();
    tree.file("a/file", "").dir("b");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    let before = fs::metadata(tree.at("a")).unwrap();
    let times = FileTimes::new().set_accessed(before.accessed().unwrap()).set_modified(before.modified().unwrap());
    tree.file("a/.envrc", "").dir("a/.git");
    forge(&tree.at("a"), times);
    assert_eq!(fs::metadata(tree.at("a")).unwrap().modified().unwrap(), before.modified().unwrap());
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [path("a/.envrc")]);
    assert_eq!(places(&appeared.repositories), [path("a/.git")]);
}

#[test]
fn a_directory_that_was_deleted_and_made_again_with_forged_times_is_read_again() {
    let tree = Tree::new();
    tree.file("a/b/c/file", "").dir("z");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    let old = |relative: &str| fs::metadata(tree.at(relative)).unwrap().modified().unwrap();
    let times: Vec<_> = ["a/b/c", "a/b", "a"].map(|relative| (relative, old(relative))).into();
    fs::remove_dir_all(tree.at("a")).unwrap();
    tree.file("a/b/c/.envrc", "").file("a/b/.git", "gitdir: /nowhere");
    for (relative, modified) in times {
        forge(&tree.at(relative), FileTimes::new().set_modified(modified));
    }
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [path("a/b/c/.envrc")]);
    assert_eq!(places(&appeared.repositories), [path("a/b/.git")]);
    assert_eq!(found.stamps.directories(), 5);
}

#[test]
fn directories_that_swap_or_move_are_seen_at_their_new_place() {
    let tree = Tree::new();
    tree.file("a/x/.envrc", "").dir("b/x").dir("c/y").file("m/n/.vscode/s", "");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    fs::rename(tree.at("a"), tree.at("t")).unwrap();
    fs::rename(tree.at("b"), tree.at("a")).unwrap();
    fs::rename(tree.at("t"), tree.at("b")).unwrap();
    fs::rename(tree.at("m"), tree.at("c/y/m")).unwrap();
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [path("b/x/.envrc"), path("c/y/m/n/.vscode")]);
    assert_eq!((appeared.gone, appeared.new), (3, 3));
    let again = survey.walk().unwrap();
    assert_eq!(found.stamps.directories(), again.stamps.directories());
}

#[test]
fn a_directory_that_became_a_symlink_to_itself_moved_or_to_the_outside_is_not_followed() {
    let (tree, outside) = (Tree::new(), Tree::new());
    outside.file("x/.envrc", "");
    tree.dir("a/x").dir("b/x/deep");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    fs::remove_dir_all(tree.at("a")).unwrap();
    tree.link("a", outside.root());
    fs::rename(tree.at("b"), tree.at("moved")).unwrap();
    tree.link("b", "moved").file("moved/x/deep/.envrc", "");
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [path("moved/x/deep/.envrc")]);
    assert_eq!(found.stamps.directories(), 4);
}

#[test]
fn an_entry_that_another_one_took_the_place_of_is_told_as_replaced() {
    let tree = Tree::new();
    tree.file("a/.envrc", "old").file("a/other", "new");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    fs::rename(tree.at("a/other"), tree.at("a/.envrc")).unwrap();
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert!(appeared.named.len() == 1 && appeared.named[0].replaced);
    fs::remove_file(tree.at("a/.envrc")).unwrap();
    assert!(found.stamps.rescan(&survey).unwrap().is_empty());
    tree.file("a/.envrc", "");
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert!(appeared.named.len() == 1 && !appeared.named[0].replaced);
}

#[test]
fn a_change_within_the_same_tick_of_the_clock_is_not_missed() {
    let mut unsure = 0;
    for round in 0..50 {
        let tree = Tree::new();
        tree.dir("a");
        let survey = survey(&tree);
        let mut found = survey.walk().unwrap();
        // A busy machine may take longer than a tick from one to the other.
        unsure = unsure.max(found.stamps.unsure());
        fs::write(tree.at("a/.envrc"), "").unwrap();
        assert_eq!(found.stamps.rescan(&survey).unwrap().named.len(), 1, "round {round}");
    }
    assert_eq!(unsure, 2);
}

#[test]
fn a_rescan_with_many_threads_finds_the_same_as_with_one() {
    let tree = Tree::new();
    for number in 0..1500 {
        tree.dir(format!("{}/{number}", number % 40));
    }
    let mut stamps: Vec<_> = [1, 2, 8]
        .map(|threads| {
            let survey = survey(&tree).threads(threads).alone(0);
            let found = walk_later(&survey);
            (survey, found.stamps)
        })
        .into();
    for number in (0..1500).step_by(7) {
        tree.dir(format!("{}/{number}/n/.git/hooks", number % 40)).file(format!("{}/.envrc", number % 40), "");
    }
    fs::remove_dir_all(tree.at("39")).unwrap();
    let all: Vec<_> = stamps.iter_mut().map(|(survey, stamps)| stamps.rescan(survey).unwrap()).collect();
    assert_eq!(all[0].gone, 1 + 37);
    assert!(all[0].repositories.len() > 200);
    assert!(all.iter().all(|appeared| *appeared == all[0]));
}

#[test]
fn an_error_leaves_the_stamps_as_they_were() {
    let tree = Tree::new();
    tree.dir("a");
    let survey = survey(&tree);
    let mut found = walk_later(&survey);
    tree.dir("a/b/c/.git");
    let limits = pinfold_survey::Limits { depth: 2, ..Default::default() };
    assert!(found.stamps.rescan(&survey.clone().limits(limits)).is_err());
    assert_eq!(found.stamps.rescan(&survey).unwrap().repositories.len(), 1);
}
