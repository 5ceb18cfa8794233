//! What a walk finds, and what it leaves alone.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    collections::HashSet,
    fs,
    path::Path,
    sync::Mutex,
    thread::{self, ThreadId},
    time::Duration,
};

use pinfold_survey::{Limits, Matcher, Survey, SurveyError, Trail};
use support::{Deny, Tree, path, paths, survey, walk_later, wide};

#[test]
fn a_denied_directory_is_not_descended_into() {
    let tree = Tree::new();
    tree.file("secret/.envrc", "").file("secret/deep/.env", "").file("open/.envrc", "");
    let matcher = Deny(&[b"secret"]);
    let found = Survey::new([tree.root()]).denied(&matcher).names([".envrc"]).walk().unwrap();
    assert_eq!(paths(&found.denied), [path("secret")]);
    assert_eq!(paths(&found.named), [path("open/.envrc")]);
    assert_eq!(found.stamps.directories(), 2);
}

#[test]
fn a_limit_that_is_passed_is_an_error_and_not_a_shorter_list() {
    let tree = Tree::new();
    tree.file("a/b/c/.env", "").file("d/.env", "");
    let limited = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        survey(&tree).limits(limits).walk()
    };
    let error = limited(|limits| limits.depth = 2).unwrap_err();
    assert!(matches!(&error, SurveyError::TooDeep { path, maximum: 2 } if path.ends_with("a/b/c")), "{error}");
    assert!(matches!(limited(|limits| limits.matches = 1), Err(SurveyError::TooManyMatches { maximum: 1 })));
    let error = limited(|limits| limits.directories = 3).unwrap_err();
    assert!(matches!(error, SurveyError::TooManyDirectories { maximum: 3 }), "{error}");
    assert!(limited(|limits| (limits.depth, limits.matches, limits.directories) = (3, 2, 4)).is_ok());
    assert!(matches!(Survey::new([tree.at("missing")]).walk(), Err(SurveyError::Root { .. })));
}

/// Notes which threads ask, and leaves those time to begin that have not.
struct Asked(Mutex<HashSet<ThreadId>>);

impl Matcher for Asked {
    fn may_match(&self, _trail: Trail, _basename: &[u8]) -> bool {
        let asked = {
            let mut threads = self.0.lock().unwrap();
            threads.insert(thread::current().id());
            threads.len()
        };
        if asked == 1 {
            thread::sleep(Duration::from_micros(200));
        }
        false
    }

    fn matches(&self, _relative: &Path, _is_dir: bool) -> bool {
        false
    }
}

#[test]
fn a_small_tree_starts_no_thread_and_a_large_one_may() {
    let tree = Tree::new();
    wide(&tree, 8);
    let asked = Asked(Mutex::default());
    Survey::new([tree.root()]).denied(&asked).threads(4).walk().unwrap();
    let own = HashSet::from([thread::current().id()]);
    assert_eq!(*asked.0.lock().unwrap(), own);
    wide(&tree, 100);
    Survey::new([tree.root()]).denied(&asked).threads(4).alone(10).walk().unwrap();
    assert!(asked.0.lock().unwrap().len() > 1);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let tree = Tree::new();
    wide(&tree, 40);
    let all = |threads| {
        let survey = survey(&tree).threads(threads).alone(0);
        let mut found = survey.walk().unwrap();
        let directories = found.stamps.directories();
        let again = found.stamps.rescan(&survey).unwrap();
        assert!(again.is_empty(), "{again:?}");
        (found.denied, found.named, found.repositories, found.unreadable, directories)
    };
    let alone = all(1);
    assert_eq!((alone.0.len(), alone.1.len(), alone.2.len()), (320, 320, 40));
    assert_eq!(alone.4, 1 + 40 * (1 + 16 + 3 + 5));
    for threads in [2, 3, 8, 32] {
        assert_eq!(all(threads), alone, "{threads} threads");
    }
}

/// Denies `.env` wherever the trail says that the way led through a directory of this name.
struct Below(&'static str);

impl Matcher for Below {
    fn enter(&self, above: Trail, name: &[u8]) -> Trail {
        above | Trail::from(name == self.0.as_bytes())
    }

    fn may_match(&self, trail: Trail, basename: &[u8]) -> bool {
        trail == 1 && basename == b".env"
    }

    fn matches(&self, relative: &Path, _is_dir: bool) -> bool {
        assert!(relative.iter().any(|part| part == self.0), "{relative:?}");
        true
    }
}

#[test]
fn the_trail_of_every_directory_is_that_of_its_way_with_any_number_of_threads() {
    let tree = Tree::new();
    wide(&tree, 40);
    let far = "x".repeat(200);
    tree.file(format!("3/{}/.env", [far.as_str(); 15].join("/")), "");
    let below = Below("3");
    for threads in [1, 2, 8] {
        let survey = Survey::new([tree.root()]).denied(&below).threads(threads).alone(0);
        let mut found = walk_later(&survey);
        // Eight in the branch 3 and one far below it, and one in the leaf 3 of each other branch.
        assert_eq!(found.denied.len(), 8 + 1 + 39, "{threads} threads");
        tree.file("3/late/.env", "").file("7/late/.env", "").file("9/3/late/.env", "").file("3/repo/.env", "");
        let appeared = found.stamps.rescan(&survey).unwrap();
        assert_eq!(paths(&appeared.denied), ["3/late/.env", "3/repo/.env", "9/3/late/.env"].map(path));
        for late in ["3/late", "7/late", "9/3/late", "3/repo/.env"] {
            fs::remove_dir_all(tree.at(late)).or_else(|_| fs::remove_file(tree.at(late))).unwrap();
        }
    }
}

#[test]
fn several_roots_are_told_apart() {
    let (one, two) = (Tree::new(), Tree::new());
    one.file(".env", "");
    two.file("x/.env", "").dir("r/.git/hooks");
    let mut found = Survey::new([one.root(), two.root()]).denied(&support::ENV).walk().unwrap();
    let told: Vec<_> = found.denied.iter().map(|entry| (entry.root, entry.path.as_path())).collect();
    assert_eq!(told, [(0, path(".env")), (1, path("x/.env"))]);
    assert_eq!(found.repositories[0].root, 1);
    two.dir("x/n/.git");
    let appeared = found.stamps.rescan(&Survey::new([one.root(), two.root()])).unwrap();
    assert_eq!(appeared.repositories[0].root, 1);
    assert_eq!(appeared.repositories[0].work_tree.as_deref(), Some(two.at("x/n").as_path()));
}

#[test]
fn a_panicking_matcher_panics_in_the_caller_and_hangs_nobody() {
    struct Panics;
    impl Matcher for Panics {
        fn may_match(&self, _trail: Trail, basename: &[u8]) -> bool {
            assert!(basename != b"bomb", "boom");
            false
        }
        fn matches(&self, _relative: &Path, _is_dir: bool) -> bool {
            false
        }
    }
    let tree = Tree::new();
    wide(&tree, 20);
    tree.file("7/3/bomb", "");
    let survey = Survey::new([tree.root()]).denied(&Panics).threads(4).alone(0);
    assert!(thread::scope(|scope| scope.spawn(|| survey.walk().map(|_| ())).join()).is_err());
}
