//! What a walk finds, and what it leaves alone.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
};

use pinfold_survey::{Kind, Limits, Matcher, Survey, SurveyError, Trail};
use support::{Deny, Tree, path, paths, survey, walk_later};

#[test]
fn denied_and_protected_entries_are_found_at_any_depth_with_their_kinds() {
    let tree = Tree::new();
    tree.file(".env", "").file("a/b/.env", "").file("a/.envrc", "").dir("a/b/.vscode").link("l.env", ".env");
    tree.link("a/b/c", "nowhere").dir("x/.env/below").link("x/.envrc", "gone");
    let found = survey(&tree).walk().unwrap();
    let told: Vec<_> = found.denied.iter().map(|entry| (entry.path.as_path(), entry.kind)).collect();
    assert_eq!(told, [(path(".env"), Kind::File), (path("a/b/.env"), Kind::File), (path("x/.env"), Kind::Directory)]);
    let told: Vec<_> = found.named.iter().map(|entry| (entry.path.as_path(), entry.kind)).collect();
    assert_eq!(
        told,
        [(path("a/.envrc"), Kind::File), (path("a/b/.vscode"), Kind::Directory), (path("x/.envrc"), Kind::Symlink)]
    );
    assert!(found.repositories.is_empty() && found.unreadable.is_empty());
}

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
fn symlinks_are_not_followed_neither_in_a_loop_nor_to_the_outside() {
    let (tree, outside) = (Tree::new(), Tree::new());
    outside.file(".env", "").file("deep/.envrc", "");
    tree.dir("a/b").link("a/b/loop", "../..").link("a/self", "self");
    tree.link("a/out", outside.root()).link("a/.vscode", outside.root());
    let found = survey(&tree).walk().unwrap();
    assert!(found.denied.is_empty());
    assert_eq!(paths(&found.named), [path("a/.vscode")]);
    assert_eq!(found.stamps.directories(), 3);
}

#[test]
fn names_that_are_not_unicode_are_walked_matched_and_reported() {
    let tree = Tree::new();
    let odd = OsStr::from_bytes(b"\xff\xfe\n*");
    tree.file(Path::new(odd).join(".env"), "").dir(Path::new("d").join(odd));
    let matcher = Deny(&[b".env", b"\xff\xfe\n*"]);
    let found = Survey::new([tree.at("d")]).denied(&matcher).walk().unwrap();
    assert_eq!(paths(&found.denied), [Path::new(odd)]);
    let found = survey(&tree).names([odd]).walk().unwrap();
    assert_eq!(paths(&found.denied), [Path::new(odd).join(".env")]);
    assert_eq!(found.named.len(), 2);
}

/// Makes a chain of directories that is deeper than any path may be, with `last` at its end.
fn deep(tree: &Tree, levels: usize, last: &str) -> String {
    let name = "n".repeat(200);
    let script = format!("for i in $(seq {levels}); do mkdir {name} && cd -P {name} || exit 1; done; {last}");
    let status = Command::new("bash").args(["-c", &script]).current_dir(tree.root()).status().unwrap();
    assert!(status.success());
    [name.as_str()].repeat(levels).join("/")
}

#[test]
fn paths_longer_than_the_kernel_takes_are_walked_and_compared() {
    let tree = Tree::new();
    let long = deep(&tree, 60, "touch .env .envrc; mkdir -p .git/hooks");
    assert!(long.len() > 3 * 4096 - 300);
    let survey = survey(&tree);
    let mut found = support::walk_later(&survey);
    assert_eq!(paths(&found.denied), [Path::new(&long).join(".env")]);
    assert_eq!(paths(&found.named), [Path::new(&long).join(".envrc")]);
    assert_eq!(support::places(&found.repositories), [Path::new(&long).join(".git")]);
    assert_eq!(found.stamps.rescan(&survey).unwrap().changed, 0);
    let name = "n".repeat(200);
    let script = format!("while cd -P {name} 2>/dev/null; do :; done; mkdir -p new/.vscode new/x/.git");
    Command::new("bash").args(["-c", &script]).current_dir(tree.root()).status().unwrap();
    let appeared = found.stamps.rescan(&survey).unwrap();
    assert_eq!(paths(&appeared.named), [Path::new(&long).join("new/.vscode")]);
    assert_eq!(support::places(&appeared.repositories), [Path::new(&long).join("new/x/.git")]);
    assert_eq!((appeared.changed, appeared.new), (1, 4));
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

/// Runs the calling test once more as a user who is not root, in `tree`.
fn as_nobody(test: &str, tree: &Tree) {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env("SURVEY_AS_NOBODY", tree.root()).current_dir("/");
    let output = again.uid(65534).gid(65534).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn a_directory_that_cannot_be_read_is_listed_and_looked_at_again_once_its_mode_changes() {
    let check = |root: &Path| {
        let survey = Survey::new([root]).names([".envrc"]);
        let mut found = survey.walk().unwrap();
        assert_eq!(paths(&found.unreadable), [path("a/closed"), path("a/listed/b"), path("a/not-listed")]);
        assert_eq!(paths(&found.named), [path("a/.envrc"), path("a/listed/.envrc")]);
        found.stamps.rescan(&survey).unwrap();
        assert!(found.stamps.rescan(&survey).unwrap().is_empty());
        found
    };
    if let Some(root) = std::env::var_os("SURVEY_AS_NOBODY") {
        check(Path::new(&root));
        return;
    }
    let tree = Tree::new();
    tree.file("a/.envrc", "").file("a/closed/.envrc", "").file("a/not-listed/.envrc", "");
    tree.file("a/listed/b/.envrc", "").file("a/listed/.envrc", "");
    let mode = |relative, mode| fs::set_permissions(tree.at(relative), fs::Permissions::from_mode(mode)).unwrap();
    mode("a/closed", 0);
    mode("a/not-listed", 0o311);
    mode("a/listed", 0o644);
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    if user == b"0\n" {
        let name = "a_directory_that_cannot_be_read_is_listed_and_looked_at_again_once_its_mode_changes";
        as_nobody(name, &tree);
    } else {
        let mut found = check(tree.root());
        mode("a/closed", 0o700);
        let appeared = found.stamps.rescan(&Survey::new([tree.root()]).names([".envrc"])).unwrap();
        assert_eq!(paths(&appeared.named), [path("a/closed/.envrc")]);
    }
    mode("a/closed", 0o700);
    mode("a/not-listed", 0o700);
    mode("a/listed", 0o700);
}

/// Notes which threads ask.
struct Asked(Mutex<HashSet<ThreadId>>);

impl Matcher for Asked {
    fn may_match(&self, _trail: Trail, _basename: &[u8]) -> bool {
        self.0.lock().unwrap().insert(thread::current().id());
        thread::yield_now();
        false
    }

    fn matches(&self, _relative: &Path, _is_dir: bool) -> bool {
        false
    }
}

fn wide(tree: &Tree, branches: usize) {
    for branch in 0..branches {
        for leaf in 0..8 {
            tree.file(format!("{branch}/{leaf}/x/.envrc"), "").file(format!("{branch}/{leaf}/.env"), "");
        }
        tree.dir(format!("{branch}/repo/.git/hooks")).dir(format!("{branch}/one/two/three/four/five"));
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
            Command::new("rm").arg("-r").arg(tree.at(late)).status().unwrap();
        }
    }
}

#[test]
fn several_roots_are_told_apart() {
    let (one, two) = (Tree::new(), Tree::new());
    one.file(".env", "");
    two.file("x/.env", "").repository("r");
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
fn entries_that_vanish_during_the_walk_are_no_errors() {
    let tree = Tree::new();
    wide(&tree, 20);
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = fs::remove_dir_all(tree.at("3"));
                let _ = fs::create_dir_all(tree.at("3/a/b/c/.git/hooks"));
                let _ = fs::remove_dir_all(tree.at("5"));
                let _ = std::os::unix::fs::symlink("/", tree.at("5"));
                let _ = fs::remove_file(tree.at("5"));
                let _ = fs::create_dir_all(tree.at("5/etc"));
                let _ = fs::write(tree.at("5/etc/.env"), "");
            }
        });
        let _done = Done(&done);
        let survey = survey(&tree).threads(2).alone(0);
        let mut found = survey.walk().unwrap();
        for _ in 0..50 {
            let found = survey.walk().unwrap();
            assert!(found.denied.len() >= 18 * 8 && found.unreadable.is_empty());
        }
        for _ in 0..50 {
            let appeared = found.stamps.rescan(&survey).unwrap();
            let allowed = |entry: &Path| entry.starts_with("3") || entry.starts_with("5");
            assert!(paths(&appeared.denied).into_iter().all(allowed), "{appeared:?}");
            assert!(appeared.unreadable.is_empty());
        }
    });
    // The same as a fresh look, once nothing moves any more.
    let survey = survey(&tree);
    let mut found = survey.walk().unwrap();
    found.stamps.rescan(&survey).unwrap();
    assert_eq!(found.stamps.directories(), survey.walk().unwrap().stamps.directories());
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
