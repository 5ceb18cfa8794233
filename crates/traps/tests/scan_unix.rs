//! How a scan treats links, pipes and modes, also while they change.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic anywhere, its helpers too")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use pinfold_traps::{Severity, Traps};

use support::{TASK, Tree, created, only};

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
