//! How a scan treats what is odd: things that are no files, that are too large, that moved, that change meanwhile.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::path::Path;

use pinfold_policy::Platform;
use pinfold_traps::limits::{EXCERPT_CHARS_MAX, FILE_BYTES_MAX};
use pinfold_traps::{ChangeKind, Changed, Severity, Traps};
use proptest::prelude::*;

use support::{TASK, Tree, created, only};

#[test]
fn a_finding_tells_where_when_and_what() {
    let tree = Tree::new();
    tree.plant(".git/config", "[core]\n\tbare = false\n\tfsmonitor = ./\u{1b}[31mx\u{202e}.sh\n");
    let finding = only(tree.scan(vec![created(".git/config")]));
    assert_eq!(finding.path, Path::new(".git/config"));
    assert_eq!((finding.line, finding.rule, finding.severity), (Some(3), "git-config-program", Severity::High));
    assert_eq!(finding.when, "at the next git command that needs the program");
    assert_eq!(finding.excerpt, "core.fsmonitor = ./\u{fffd}[31mx\u{fffd}.sh");
}

#[test]
fn the_worst_comes_first_and_a_mere_name_is_not_told_beside_it() {
    let tree = Tree::new();
    tree.plant("Makefile", "all:")
        .plant("package.json", "{\"scripts\": {\"postinstall\": \"x\"}}")
        .plant(".envrc", "x");
    let findings = tree.scan(["Makefile", "package.json", ".envrc"].map(created).into());
    let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["direnv", "package-install-script", "make"]);
}

#[test]
fn a_file_that_is_too_large_counts_by_its_name() {
    let tree = Tree::new();
    tree.plant(".vscode/tasks.json", "{}");
    std::fs::File::options()
        .write(true)
        .open(tree.at(".vscode/tasks.json"))
        .unwrap()
        .set_len(FILE_BYTES_MAX + 1)
        .unwrap();
    let finding = only(tree.scan(vec![created(".vscode/tasks.json")]));
    assert_eq!((finding.rule, finding.line), ("vscode-task-on-open", None));
    assert!(finding.what.contains("too large to look into: 1048577 bytes"), "{}", finding.what);
}

#[test]
fn what_is_gone_or_not_below_the_root_is_nothing() {
    let tree = Tree::new();
    tree.plant("inside/x", "").plant(".envrc", "x").plant("a.sh/x", "");
    let paths = ["gone/.envrc", "../.envrc", "inside/../.envrc", "/etc/profile", "", "inside", "./.envrc", "a.sh"];
    assert_eq!(tree.scan(paths.map(created).into()), []);
    assert!(Traps::standard().scan(&tree.at("missing"), std::iter::empty()).is_err());
}

#[test]
fn a_renamed_directory_brings_all_that_is_in_it() {
    let tree = Tree::new();
    tree.plant("x/.vscode/tasks.json", TASK).plant("x/.vscode/sub/y", "");
    let renamed = Changed { path: "x".into(), kind: ChangeKind::Renamed };
    let finding = only(tree.scan(vec![renamed, created("x/.vscode/sub/y")]).into_iter().take(1).collect());
    assert_eq!((finding.rule, finding.path.as_path()), ("vscode-task-on-open", Path::new("x/.vscode/tasks.json")));
}

#[test]
fn a_mark_that_the_run_has_set_silences_nothing() {
    let tree = Tree::new();
    tree.plant("src/CACHEDIR.TAG", "x").plant("src/.envrc", "x").plant("CACHEDIR.TAG", "x").plant(".envrc", "x");
    let paths = ["src/CACHEDIR.TAG", "src/.envrc", "CACHEDIR.TAG", ".envrc"].map(created);
    assert_eq!(tree.scan(paths.into()).len(), 2);
    assert_eq!(tree.rules("src/.envrc"), [""; 0], "a mark from before the run");
    assert_eq!(tree.rules(".envrc"), ["direnv"], "the root is owned by nobody");
}

#[test]
fn a_root_that_becomes_a_repository_keeps_all_rules() {
    let tree = Tree::new();
    tree.plant("HEAD", "ref: x")
        .plant("objects/x", "")
        .plant("refs/x", "")
        .plant(".envrc", "")
        .plant("config", "[core]\npager=x");
    assert_eq!(tree.rules(".envrc"), ["direnv"]);
    assert_eq!(tree.rules("config"), ["git-config-program"]);
    assert_eq!(tree.rules("HEAD"), ["git-bare-repository"]);
}

#[test]
fn a_submodule_of_a_linked_worktree_lies_in_its_repository() {
    let tree = Tree::new();
    tree.plant(".git", &format!("gitdir: {ROOT}main/.git/worktrees/w\n"))
        .plant("sub/.git", &format!("gitdir: {ROOT}main/.git/worktrees/w/modules/sub\n"));
    tree.plant("odd/.git", &format!("gitdir: {ROOT}main/.git/worktrees/w/../evil\n"));
    assert_eq!(tree.rules("sub/.git"), [""; 0]);
    assert_eq!(tree.rules("odd/.git"), ["git-pointer-out"]);
    let both = tree.scan([".git", "sub/.git"].map(created).into());
    assert_eq!(both.len(), 2, "a pointer that the run has changed vouches for nothing");
}

#[test]
fn what_was_there_before_the_run_is_not_told_again() {
    let tree = Tree::new();
    tree.plant("package.json", "{\n\"scripts\": {\"postinstall\": \"new\", \"preinstall\": \"old\"}}");
    let old = b"{\"scripts\": {\"postinstall\": \"old\", \"preinstall\": \"old\"}}";
    let before = |_: &Path| Some(old.to_vec());
    let changed = Changed { path: "package.json".into(), kind: ChangeKind::Modified };
    let finding = only(Traps::standard().scan_since(tree.root(), [changed].into_iter(), &before).unwrap());
    assert_eq!((finding.excerpt.as_str(), finding.line), ("scripts.postinstall = new", Some(2)));
}

/// How an absolute path begins.
const ROOT: &str = if cfg!(windows) { "C:/" } else { "/" };

#[test]
fn names_that_mean_the_same_file_on_windows_are_judged_there_and_are_others_elsewhere() {
    let on = |platform, path: &str, content: &str| -> Vec<&'static str> {
        let tree = Tree::new();
        tree.plant(path, content);
        let traps = Traps::standard().named_as_on(platform);
        let findings = traps.scan(tree.root(), [created(path)].into_iter()).unwrap();
        findings.iter().map(|finding| finding.rule).collect()
    };
    for (path, content, rule) in [
        ("GIT~1/hooks/pre-commit", "x", "git-hook"),
        ("sub/GIT~1/config", "[core]\nfsmonitor = x", "git-config-program"),
        ("VSCODE~1/TASKS~1.JSO", TASK, "vscode-task-on-open"),
        ("ENVRC~1", "x", "direnv"),
    ] {
        assert_eq!(
            (on(Platform::Windows, path, content), on(Platform::Linux, path, content)),
            (vec![rule], vec![]),
            "{path}"
        );
    }
    assert_eq!(on(Platform::Windows, "a/.GIT/HOOKS/pre-commit", "x"), ["git-hook"]);
    // Windows would make other files of these.
    let odd = [".git./hooks/pre-commit", ".git /HOOKS. /pre-commit", ".GIT/hooks::$INDEX_ALLOCATION/pre-commit"];
    for path in odd.iter().filter(|_| cfg!(unix)) {
        assert_eq!(on(Platform::Windows, path, "x"), ["git-hook"], "{path}");
        assert!(!on(Platform::Linux, path, "x").contains(&"git-hook"), "{path}");
    }
}

#[test]
fn a_mark_or_pointer_that_was_changed_under_another_spelling_vouches_for_nothing() {
    let tree = Tree::new();
    tree.plant("src/CACHEDIR.TAG", "x").plant("src/.envrc", "x");
    tree.plant(".git", &format!("gitdir: {ROOT}main/.git/worktrees/w\n"));
    tree.plant("sub/.git", &format!("gitdir: {ROOT}main/.git/worktrees/w/modules/sub\n"));
    let rules = |platform, also: &str| -> Vec<&'static str> {
        let changed = ["src/.envrc", "sub/.git", also].map(created);
        let findings = Traps::standard().named_as_on(platform).scan(tree.root(), changed.into_iter()).unwrap();
        findings.iter().map(|finding| finding.rule).collect()
    };
    // Only Windows can put paths together as it does.
    if cfg!(unix) {
        assert_eq!(rules(Platform::Linux, "src/cachedir.tag"), [""; 0]);
        assert_eq!(rules(Platform::Macos, "src/cachedir.tag"), ["direnv"]);
    }
    assert_eq!(rules(Platform::Windows, "src/CacheDir.tag. "), ["direnv"]);
    assert!(rules(Platform::Windows, "GIT~1").contains(&"git-pointer-out"));
}

/// Names that rules of every kind look into.
const NAMES: [&str; 14] = [
    ".git/config",
    ".git",
    ".vscode/tasks.json",
    ".cargo/config.toml",
    "package.json",
    ".npmrc",
    "a.pth",
    "a.pyc",
    ".env",
    "pyproject.toml",
    ".gitmodules",
    "requirements.txt",
    ".yarnrc.yml",
    "prog",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_content_makes_a_scan_panic(content in contents(), name in prop::sample::select(&NAMES[..])) {
        let tree = Tree::new();
        tree.plant(name, "");
        std::fs::write(tree.at(name), &content).unwrap();
        for finding in tree.scan(vec![created(name)]) {
            prop_assert!(finding.excerpt.chars().count() <= EXCERPT_CHARS_MAX + 1);
            prop_assert!(!finding.excerpt.contains(char::is_control));
        }
        let _ = pinfold_traps::fuzz_content(&content);
    }

    #[test]
    fn no_name_makes_a_scan_panic(names in prop::collection::vec("[^/\0]{1,20}", 1..5)) {
        let tree = Tree::new();
        let path: std::path::PathBuf = names.iter().filter(|name| !name.chars().all(|c| c == '.')).collect();
        let _ = tree.scan(vec![Changed { path, kind: ChangeKind::Renamed }]);
    }
}

/// Bytes, and pieces of settings in any order.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "[core]\n",
        "[",
        "]",
        "\"",
        "\\",
        "\n",
        "=",
        "{",
        "}",
        ":",
        ",",
        "'",
        "fsmonitor",
        "gitdir: ",
        "../",
        "[[a.b]]\n",
        "import x",
        "\u{feff}",
        "\r",
        "#",
        "scripts",
        "postinstall",
        "\0",
        "é",
        "/*",
        "//",
        "a.b",
        "\u{7f}ELF",
    ];
    let text =
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|all| all.concat().into_bytes());
    prop_oneof![text, prop::collection::vec(any::<u8>(), 0..200)]
}
