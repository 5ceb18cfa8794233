//! How a scan treats what is odd: things that are no files, that are too large, that moved, that change meanwhile.
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use pinfold_traps::limits::{EXCERPT_CHARS_MAX, FILE_BYTES_MAX};
use pinfold_traps::{ChangeKind, Changed, Finding, Severity, Traps};
use proptest::prelude::*;

use support::{Tree, created};

const TASK: &str = "{\"tasks\": [{\"runOptions\": {\"runOn\": \"folderOpen\"}}]}";

fn only(findings: Vec<Finding>) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(findings).unwrap();
    finding
}

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
fn what_is_no_file_is_not_opened_and_counts_by_its_name() {
    let tree = Tree::new();
    for name in [".vscode", ".git", "node_modules/.bin", "plain"] {
        std::fs::create_dir_all(tree.at(name)).unwrap();
    }
    let pipes = [".vscode/tasks.json", ".git/config", "plain/pipe", ".envrc"];
    pipes.iter().for_each(|pipe| _ = tree.run("", &["mkfifo", pipe]));
    let _socket = std::os::unix::net::UnixListener::bind(tree.at("plain/socket")).unwrap();
    let all = pipes.iter().chain(&["plain/socket"]).map(|path| created(path)).collect();
    let findings = tree.scan(all);
    assert!(findings.iter().all(|finding| finding.what.contains("neither a file nor a directory")), "{findings:?}");
    for rule in ["direnv", "git-config-program", "vscode-task-on-open"] {
        assert!(findings.iter().any(|finding| finding.rule == rule), "{rule}");
    }
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
fn nothing_is_read_through_a_link() {
    let tree = Tree::new();
    tree.plant("outside/tasks.json", TASK).plant("root/x", "").plant("root/.vscode", "link:../outside");
    let scan = |path: &str| Traps::standard().scan(&tree.at("root"), [created(path)].into_iter()).unwrap();
    let below = scan(".vscode/tasks.json");
    assert!(below.iter().all(|finding| finding.line.is_none() && finding.what.contains("cannot be reached")));
    let link = only(scan(".vscode"));
    assert_eq!((link.rule, link.severity), ("vscode-task-on-open", Severity::High));
    assert!(link.what.contains("a symbolic link to ../outside"), "{}", link.what);
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
    tree.plant(".git", "gitdir: /main/.git/worktrees/w\n")
        .plant("sub/.git", "gitdir: /main/.git/worktrees/w/modules/sub\n");
    tree.plant("odd/.git", "gitdir: /main/.git/worktrees/w/../evil\n");
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

#[test]
fn a_file_that_may_not_be_read_counts_by_its_name() {
    let tree = Tree::new();
    tree.plant(".vscode/tasks.json", "{}").run("", &["chmod", "000", ".vscode/tasks.json"]);
    if std::fs::read(tree.at(".vscode/tasks.json")).is_ok() {
        return eprintln!("skipped, because this user may read everything");
    }
    assert!(only(tree.scan(vec![created(".vscode/tasks.json")])).what.contains("cannot be read"));
}

#[test]
fn a_file_that_is_exchanged_meanwhile_neither_hangs_nor_leads_out() {
    let tree = Tree::new();
    tree.plant("secret/tasks.json", TASK).plant("root/.vscode/harmless", "{}").plant("root/.vscode/tasks.json", "{}");
    tree.run("root/.vscode", &["mkfifo", "pipe"]);
    tree.plant("root/.vscode/link", "link:../../secret/tasks.json").plant("root/elsewhere", "link:../secret");
    let (root, done) = (tree.at("root"), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let names = ["harmless", "pipe", "link"].map(|name| root.join(".vscode").join(name));
            let (target, aside, way) = (root.join(".vscode/tasks.json"), root.join("aside"), root.join(".vscode"));
            while !done.load(Ordering::Relaxed) {
                for name in &names {
                    // A link to the name takes the place of the file, and in turn the directory that of another.
                    let _ = std::fs::hard_link(name, &aside).and_then(|()| std::fs::rename(&aside, &target));
                    let _ = std::fs::remove_file(&aside);
                }
                let _ = std::fs::rename(&way, root.join("moved"));
                let _ = std::os::unix::fs::symlink("../secret", &way);
                let _ = std::fs::remove_file(&way);
                let _ = std::fs::rename(root.join("moved"), &way);
            }
        });
        let scan = || Traps::standard().scan(&root, [created(".vscode/tasks.json")].into_iter());
        // Judged only after the other thread has been told to end, which a panic here would not.
        let read = (0..3000).find_map(|_| scan().ok()?.into_iter().find(|finding| finding.line.is_some()));
        done.store(true, Ordering::Relaxed);
        assert_eq!(read, None, "the secret was read");
    });
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
