//! What is told of changes, case by case.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::{
    ffi::OsStr,
    fs::{self, File, FileTimes, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
    process::Command,
    time::Duration,
};

use pinfold_survey::{
    Kind, Limits, Survey,
    changes::{Change, Changes, GroupKind, Options, Snapshot, What, Why},
};
use rustix::fs::{CWD, RenameFlags};
use support::{Deny, Tree, path};

/// Remembers a tree once what was made before is older than a tick of the clock.
fn remember(survey: &Survey<'_>) -> Snapshot {
    std::thread::sleep(Duration::from_millis(60));
    survey.walk_and_remember().unwrap().1
}

fn snapshot(tree: &Tree) -> Snapshot {
    remember(&Survey::new([tree.root()]))
}

fn changes(snapshot: &Snapshot) -> Changes {
    snapshot.changes(&Options::default())
}

/// The changes as short words: `+` created, `~` modified, `-` deleted, `old>new` renamed.
fn words(changes: &Changes) -> Vec<String> {
    let word = |change: &Change| {
        let path = change.path.to_string_lossy();
        match &change.what {
            What::Created => format!("+{path}"),
            What::Modified => format!("~{path}"),
            What::Deleted => format!("-{path}"),
            What::Renamed { from } => format!("{}>{path}", from.display()),
        }
    };
    changes.entries.iter().map(word).collect()
}

fn unseen(changes: &Changes) -> Vec<(&Path, Why)> {
    changes.unseen.iter().map(|unseen| (unseen.path.as_path(), unseen.why)).collect()
}

#[test]
fn nothing_is_told_of_what_was_only_read() {
    let tree = Tree::new();
    tree.repository("").file("a/b/c", "").link("a/l", "b");
    let snapshot = snapshot(&tree);
    fs::read(tree.at("a/b/c")).unwrap();
    tree.git("", &["log"]);
    let changes = changes(&snapshot);
    assert!(changes.is_empty() && changes.unseen.is_empty(), "{changes:?}");
    assert_eq!(changes.summary().to_string(), "no files changed");
}

#[test]
fn times_that_are_set_back_do_not_hide_what_was_written() {
    let tree = Tree::new();
    tree.file("forged", "content").file("touched", "").file("other", "");
    let snapshot = snapshot(&tree);
    let known = fs::metadata(tree.at("forged")).unwrap();
    fs::write(tree.at("forged"), "CONTENT").unwrap();
    let times = FileTimes::new().set_modified(known.modified().unwrap()).set_accessed(known.accessed().unwrap());
    File::options().write(true).open(tree.at("forged")).unwrap().set_times(times).unwrap();
    let forged = fs::metadata(tree.at("forged")).unwrap();
    // The control: neither time nor size nor inode tell.
    assert_eq!((known.mtime_nsec(), known.size(), known.ino()), (forged.mtime_nsec(), forged.size(), forged.ino()));
    assert_eq!(words(&changes(&snapshot)), ["~forged"]);
}

#[test]
fn modes_links_and_mapped_memory_count_as_changes() {
    let tree = Tree::new();
    tree.file("mode", "").file("linked", "").file("written", "12").file("quiet", "");
    let snapshot = snapshot(&tree);
    fs::set_permissions(tree.at("mode"), Permissions::from_mode(0o700)).unwrap();
    fs::hard_link(tree.at("linked"), tree.at("link")).unwrap();
    File::options().write(true).open(tree.at("written")).unwrap().set_len(1).unwrap();
    // All names of a file are there: nothing was renamed.
    assert_eq!(words(&changes(&snapshot)), ["+link", "~linked", "~mode", "~written"]);
}

#[test]
fn hard_links_that_lose_a_name_and_win_one_are_renamed_once() {
    let tree = Tree::new();
    tree.file("a", "").file("x", "");
    fs::hard_link(tree.at("a"), tree.at("b")).unwrap();
    fs::hard_link(tree.at("x"), tree.at("y")).unwrap();
    let snapshot = snapshot(&tree);
    fs::rename(tree.at("a"), tree.at("c")).unwrap();
    fs::remove_file(tree.at("x")).unwrap();
    fs::rename(tree.at("y"), tree.at("z")).unwrap();
    assert_eq!(words(&changes(&snapshot)), ["~b", "a>c", "-y", "x>z"]);
}

#[test]
fn a_new_file_that_gets_the_inode_of_a_deleted_one_was_not_renamed() {
    let tree = Tree::new();
    tree.file("old", "content");
    let inode = fs::metadata(tree.at("old")).unwrap().ino();
    let snapshot = snapshot(&tree);
    fs::remove_file(tree.at("old")).unwrap();
    tree.file("new", "content");
    if fs::metadata(tree.at("new")).unwrap().ino() != inode {
        println!("skipped, because this file system does not use an inode again at once");
    }
    assert_eq!(words(&changes(&snapshot)), ["+new", "-old"]);
}

#[test]
fn a_directory_that_is_renamed_takes_its_files_along_and_two_that_are_exchanged_are_seen() {
    let tree = Tree::new();
    tree.file("from/deep/file", "1").link("from/link", "x").file("one/f", "1").file("other/f", "2").file("other/g", "");
    let snapshot = snapshot(&tree);
    fs::rename(tree.at("from"), tree.at("to")).unwrap();
    rustix::fs::renameat_with(CWD, tree.at("one"), CWD, tree.at("other"), RenameFlags::EXCHANGE).unwrap();
    let changes = changes(&snapshot);
    let expected = [
        "-from",
        "-from/deep",
        "~one/f",
        "other/g>one/g",
        "~other/f",
        "+to",
        "+to/deep",
        "from/deep/file>to/deep/file",
        "from/link>to/link",
    ];
    assert_eq!(words(&changes), expected);
    assert_eq!(changes.summary().to_string(), "5 files changed (2 modified, 3 renamed)");
}

#[test]
fn something_of_another_kind_under_the_same_name_is_told_with_what_it_was() {
    let tree = Tree::new();
    tree.file("file", "").file("dir/below", "").link("link", "file");
    let snapshot = snapshot(&tree);
    fs::remove_file(tree.at("file")).unwrap();
    tree.file("file/below", "");
    fs::remove_dir_all(tree.at("dir")).unwrap();
    symlink("file", tree.at("dir")).unwrap();
    fs::remove_file(tree.at("link")).unwrap();
    rustix::fs::mknodat(CWD, tree.at("link"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let changes = changes(&snapshot);
    assert_eq!(words(&changes), ["~dir", "-dir/below", "~file", "+file/below", "~link"]);
    let kinds: Vec<_> = changes.entries.iter().map(|change| (change.was, change.kind)).collect();
    assert_eq!(kinds[0], (Some(Kind::Directory), Kind::Symlink));
    assert_eq!(kinds[2], (Some(Kind::File), Kind::Directory));
    assert_eq!(kinds[4], (Some(Kind::Symlink), Kind::Other));
    assert_eq!(changes.entries[0].target.as_deref(), Some(path("file")));
}

#[test]
fn a_directory_that_became_a_symlink_leads_nowhere() {
    let (tree, outside) = (Tree::new(), Tree::new());
    tree.file("dir/file", "").file("dir/sub/file", "");
    outside.file("file", "").file("sub/file", "");
    let snapshot = snapshot(&tree);
    fs::remove_dir_all(tree.at("dir")).unwrap();
    symlink(outside.root(), tree.at("dir")).unwrap();
    fs::write(outside.at("file"), "changed").unwrap();
    let told = words(&changes(&snapshot));
    assert_eq!(told, ["~dir", "-dir/file", "-dir/sub", "-dir/sub/file"]);
}

#[test]
fn directories_swapped_with_symlinks_all_the_time_never_lead_out() {
    let (tree, outside) = (Tree::new(), Tree::new());
    outside.file("secret/secret", "");
    for number in 0..40 {
        tree.file(format!("d{number}/secret/secret"), "");
    }
    let snapshot = snapshot(&tree);
    fs::write(outside.at("secret/secret"), "changed").unwrap();
    let inode = fs::metadata(outside.at("secret/secret")).unwrap().ino();
    let digest: [u8; 32] =
        sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), "changed")).into();
    (0..40).for_each(|number| symlink(outside.root(), tree.at(format!("l{number}"))).unwrap());
    std::thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let tree = &tree;
        scope.spawn(move || {
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                for number in 0..40 {
                    let (one, other) = (tree.at(format!("d{number}")), tree.at(format!("l{number}")));
                    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
                }
            }
        });
        for _ in 0..50 {
            for change in changes(&snapshot).entries {
                assert_ne!(change.sha256, Some(digest), "{change:?}, inode {inode}");
                assert!(change.path.ends_with("secret/secret") || change.size != Some(7), "{change:?}");
            }
        }
        drop(stop);
    });
}

#[test]
fn what_cannot_be_read_is_told_as_unseen_and_not_as_deleted() {
    if rustix::process::getuid().is_root() {
        return println!("skipped, because root may read everything");
    }
    let tree = Tree::new();
    tree.file("closed/deep/file", "").file("opened/file", "").file("names/file", "");
    fs::set_permissions(tree.at("opened"), Permissions::from_mode(0o000)).unwrap();
    let snapshot = snapshot(&tree);
    fs::set_permissions(tree.at("closed"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(tree.at("opened"), Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(tree.at("names"), Permissions::from_mode(0o400)).unwrap();
    tree.file("opened/new", "");
    let changes = changes(&snapshot);
    for name in ["closed", "names"] {
        fs::set_permissions(tree.at(name), Permissions::from_mode(0o700)).unwrap();
    }
    assert_eq!(words(&changes), ["+opened/new"]);
    let expected = [
        (path("closed"), Why::Unreadable),
        (path("names/file"), Why::Unreadable),
        (path("opened"), Why::NotSeenBefore),
    ];
    assert_eq!(unseen(&changes), expected);
    assert!(changes.summary().to_string().ends_with("; 3 places were not seen"));
}

#[test]
fn a_denied_directory_is_not_entered_and_a_denied_file_is_not_digested() {
    let tree = Tree::new();
    tree.file("secret/a", "").file(".env", "A=1").file("moved.env", "A=1");
    let deny = Deny(&[b".env", b"secret", b"moved.env"]);
    let snapshot = remember(&Survey::new([tree.root()]).denied(&deny));
    tree.file("secret/b", "").file(".env", "A=2");
    fs::rename(tree.at("moved.env"), tree.at("moved")).unwrap();
    let changes = changes(&snapshot);
    assert_eq!(words(&changes), ["~.env", "moved.env>moved"]);
    assert!(changes.entries.iter().all(|change| change.sha256.is_none() && change.size == Some(3)));
    assert!(changes.unseen.is_empty());
}

#[test]
fn odd_names_and_paths_longer_than_the_kernel_takes_are_told() {
    let tree = Tree::new();
    let odd = OsStr::from_bytes(b"\xff\n\x1b[2J");
    tree.dir(Path::new("d").join(odd));
    let name = "n".repeat(200);
    let descend = format!("for i in $(seq 40); do mkdir -p {name} && cd -P {name} || exit 1; done; ");
    let shell = |last: &str| {
        let script = format!("{descend}{last}");
        assert!(Command::new("bash").args(["-c", &script]).current_dir(tree.root()).status().unwrap().success());
    };
    shell("echo 1 > old; echo 1 > gone; echo 1 > moved");
    let snapshot = snapshot(&tree);
    tree.file(Path::new("d").join(odd).join(odd), "");
    shell("echo 2 > old; rm gone; mv moved here; mkdir new; echo 12 > new/file");
    let changes = changes(&snapshot);
    assert_eq!(changes.entries[0].path, Path::new("d").join(odd).join(odd));
    let below: std::path::PathBuf = std::iter::repeat_n(&name, 40).collect();
    let told: Vec<_> = changes.entries[1..].iter().map(|change| change.path.strip_prefix(&below).unwrap()).collect();
    assert_eq!(told, ["gone", "here", "new", "new/file", "old"].map(Path::new));
    assert_eq!(changes.entries[2].what, What::Renamed { from: below.join("moved") });
    assert_eq!((changes.entries[4].size, changes.entries[4].sha256.is_some()), (Some(3), true));
    assert!(changes.unseen.is_empty());
}

#[test]
fn file_systems_that_were_mounted_before_are_entered_and_those_that_came_later_are_told() {
    let script = r#"
        mount --make-rprivate / && mount -t tmpfs a "$0/before" && mkdir "$0/before/sub" && echo 1 > "$0/before/sub/file"
        sleep 0.1; exec "$1" --exact --ignored --nocapture in_a_mount_namespace
    "#;
    let tree = Tree::new();
    tree.dir("before").file("later/file", "").file("file", "");
    let own = std::env::current_exe().unwrap();
    let mut unshare = Command::new("unshare");
    unshare.args(["-Urm", "bash", "-c", script]).arg(tree.root()).arg(own).env("PINFOLD_TREE", tree.root());
    let output = unshare.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("unshare") && std::env::var_os("PINFOLD_NO_SKIP").is_none() {
        return println!("skipped, because there are no user namespaces: {error}");
    }
    assert!(output.status.success(), "{}{error}", String::from_utf8_lossy(&output.stdout));
}

/// The part of the test above that mounts.
#[test]
#[ignore = "called by another one"]
fn in_a_mount_namespace() {
    let root = std::path::PathBuf::from(std::env::var_os("PINFOLD_TREE").unwrap());
    let (_, snapshot) = Survey::new([&root]).walk_and_remember().unwrap();
    fs::write(root.join("before/sub/file"), "22").unwrap();
    fs::create_dir(root.join("new")).unwrap();
    for place in ["later", "new"] {
        assert!(Command::new("mount").args(["-t", "tmpfs", "b"]).arg(root.join(place)).status().unwrap().success());
        fs::write(root.join(place).join("inside"), "").unwrap();
    }
    let changes = changes(&snapshot);
    assert_eq!(words(&changes), ["~before/sub/file", "+new"]);
    assert_eq!(unseen(&changes), [(path("later"), Why::OtherFileSystem), (path("new"), Why::OtherFileSystem)]);
}

#[test]
fn heavy_places_are_groups_and_a_tag_hides_nothing_in_a_directory_that_was_there() {
    let tree = Tree::new();
    tree.repository("").file("src/a", "").file("old-cache/CACHEDIR.TAG", "").file("old-cache/a", "");
    tree.file("gone/CACHEDIR.TAG", "").file("gone/x/a", "").dir("web");
    let snapshot = snapshot(&tree);
    tree.file("src/a", "changed").file("src/CACHEDIR.TAG", "").file("old-cache/b", "");
    tree.file("target/CACHEDIR.TAG", "").file("target/debug/a", "").file("target/debug/b", "");
    tree.file("web/node_modules/x/node_modules/y/CACHEDIR.TAG", "").file("__pycache__/a", "");
    tree.git("", &["add", "src"]).git("", &["commit", "-qm", "second"]);
    fs::remove_dir_all(tree.at("gone")).unwrap();
    let changes = changes(&snapshot);
    let groups: Vec<_> = changes.groups.iter().map(|group| (group.path.as_path(), group.kind)).collect();
    let expected = [
        (path(".git"), GroupKind::Git),
        (path("__pycache__"), GroupKind::Output),
        (path("gone"), GroupKind::Output),
        (path("old-cache"), GroupKind::Output),
        (path("target"), GroupKind::Output),
        (path("web/node_modules"), GroupKind::Packages),
    ];
    assert_eq!(groups, expected);
    let loose: Vec<_> = words(&changes).into_iter().filter(|word| word.contains("src")).collect();
    assert_eq!(loose, ["+src/CACHEDIR.TAG", "~src/a"]);
    let summary = changes.summary();
    assert_eq!(summary.files.total(), 2);
    let counts = |name: &str| summary.groups.iter().find(|(group, _)| group.path == path(name)).unwrap().1;
    assert_eq!((counts("target").created, counts("gone").deleted, counts("old-cache").total()), (3, 2, 1));
}

#[test]
fn new_objects_of_git_are_created_and_not_known_ones_are_left_alone() {
    let tree = Tree::new();
    tree.repository("").file("a", "1").git("", &["add", "."]).git("", &["commit", "-qm", "second"]);
    let snapshot = snapshot(&tree);
    tree.file("a", "2").git("", &["commit", "-qam", "third"]);
    let changes = changes(&snapshot);
    let objects = changes.entries.iter().filter(|change| change.path.starts_with(".git/objects"));
    let objects: Vec<_> = objects.filter(|change| change.kind == Kind::File).collect();
    assert_eq!(objects.len(), 3);
    assert!(objects.iter().all(|change| change.what == What::Created));
    assert!(changes.unseen.is_empty());
}

#[test]
fn digests_go_to_small_files_first_none_in_groups_and_end_with_the_budget() {
    let tree = Tree::new();
    let snapshot = snapshot(&tree);
    tree.file("large", &"x".repeat(20_000)).file("middle", &"x".repeat(9_000)).file("small", "");
    tree.file("node_modules/small", "").file("huge", &"x".repeat(40_000));
    let digested = |file_bytes, digest_bytes| {
        let changes = snapshot.changes(&Options { file_bytes, digest_bytes, ..Options::default() });
        let digested = changes.entries.iter().filter(|change| change.sha256.is_some());
        digested.map(|change| change.path.to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(digested(30_000, 1 << 20), ["large", "middle", "small"]);
    assert_eq!(digested(30_000, 13_096), ["middle", "small"]);
    assert_eq!(digested(30_000, 0), [""; 0]);
}

#[test]
fn too_many_new_names_are_counted_and_known_ones_are_told_all_the_same() {
    let tree = Tree::new();
    tree.file("known/a", "").file("known/b", "");
    let snapshot = snapshot(&tree);
    for number in 0..50 {
        tree.file(format!("junk/{number}"), "");
    }
    tree.file("known/a", "1");
    fs::remove_file(tree.at("known/b")).unwrap();
    let changes = snapshot.changes(&Options { new_names: 10, ..Options::default() });
    assert_eq!((changes.entries.len(), changes.omitted), (12, 41));
    let told = words(&changes);
    assert!(told.contains(&"~known/a".to_owned()) && told.contains(&"-known/b".to_owned()));
}

#[test]
fn what_is_too_deep_or_too_much_is_told_as_unseen() {
    let tree = Tree::new();
    tree.file("a/b/file", "");
    let snapshot = snapshot(&tree);
    tree.file("a/b/c/d/file", "").file("a/b/file", "1");
    let limits = |limits| Options { limits, ..Options::default() };
    let deep = snapshot.changes(&limits(Limits { depth: 3, ..Limits::default() }));
    assert_eq!(
        (words(&deep), unseen(&deep)),
        (vec!["+a/b/c".into(), "+a/b/c/d".into(), "~a/b/file".into()], vec![(path("a/b/c/d"), Why::TooDeep)])
    );
    let few = snapshot.changes(&limits(Limits { directories: 3, ..Limits::default() }));
    assert_eq!(
        (words(&few), unseen(&few)),
        (vec!["+a/b/c".into(), "~a/b/file".into()], vec![(path("a/b/c"), Why::TooMuch)])
    );
    let silent = snapshot.changes(&limits(Limits { depth: 1, matches: 0, ..Limits::default() }));
    assert_eq!((words(&silent), unseen(&silent)), (vec![], vec![(path(""), Why::TooMuch)]));
}

#[test]
fn what_others_modified_before_the_run_began_is_not_told() {
    let tree = Tree::new();
    tree.file("a", "").file("b", "");
    let mut snapshot = snapshot(&tree);
    tree.file("a", "1");
    std::thread::sleep(Duration::from_millis(60));
    snapshot.begin();
    tree.file("b", "1");
    assert_eq!(words(&changes(&snapshot)), ["~b"]);
}

#[test]
fn each_root_has_its_own_changes_and_can_be_gone_itself() {
    let (one, other) = (Tree::new(), Tree::new());
    one.file("a", "").file("b", "");
    other.file("sub/a", "");
    let snapshot = remember(&Survey::new([one.root().to_owned(), other.at("sub")]));
    fs::rename(one.at("a"), one.at("c")).unwrap();
    fs::remove_dir_all(other.at("sub")).unwrap();
    let changes = changes(&snapshot);
    let roots: Vec<_> = changes.entries.iter().map(|change| change.root).collect();
    assert_eq!((words(&changes), roots), (vec!["a>c".to_owned(), "-a".to_owned()], vec![0, 1]));
}
