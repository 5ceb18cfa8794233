//! What a walk makes of symlinks, modes, names of any bytes and paths of any length.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use pinfold_survey::{Kind, Survey};
use support::{Deny, Tree, path, paths, survey, wide};

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

// Elsewhere, what is being deleted cannot be opened, and is told as unreadable.
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
