//! Everyday git: what is said to work inside does, and the user finds the result outside.

use crate::desk::{Desk, lacks};

#[test]
fn a_run_that_changes_nothing_leaves_nothing_that_git_sees() {
    let desk = Desk::new();
    assert_eq!(desk.inside("git status --porcelain --ignored").ok(), "");
    assert_eq!(desk.outside("git status --porcelain --ignored; ls -A").ok(), ".git\nREADME");
}

#[test]
fn a_commit_carries_the_users_name() {
    let desk = Desk::new();
    desk.inside("echo more >> README && git commit --quiet --all --message more").ok();
    let author = desk.outside("git log -1 --format='%an <%ae>: %s' && git fsck --strict 2>/dev/null").ok();
    assert_eq!(author, "Test <test@example.invalid>: more");
}

#[test]
fn branches_are_made_switched_and_deleted() {
    let desk = Desk::new();
    let script = "set -e; git checkout --quiet -b topic; echo t > t; git add t; git commit --quiet -m t;
        git switch --quiet main; git merge --quiet topic; git branch --quiet -d topic; git switch --quiet -c second";
    desk.inside(script).ok();
    assert_eq!(
        desk.outside("git branch --format='%(refname:short)'; git log --format=%s").ok(),
        "main\nsecond\nt\nfirst"
    );
}

#[test]
fn merging_rebasing_and_stashing_work() {
    let desk = Desk::new();
    let script = "set -e; git checkout --quiet -b topic; echo t > t; git add t; git commit --quiet -m topic;
        git checkout --quiet main; echo m > m; git add m; git commit --quiet -m main;
        git checkout --quiet topic; git rebase --quiet main; git checkout --quiet main;
        git merge --quiet --no-ff -m merged topic; echo s >> README; git stash --quiet; git stash pop --quiet;
        git checkout --quiet README; git cherry-pick --allow-empty --keep-redundant-commits topic >/dev/null;
        git reset --quiet --hard HEAD~1";
    desk.inside(script).ok();
    assert_eq!(desk.outside("git log --format=%s --first-parent; git status --short").ok(), "merged\nmain\nfirst");
}

#[test]
fn an_interactive_rebase_runs_its_editor_and_commands() {
    let desk = Desk::new();
    let script = "set -e; for i in 1 2 3; do echo $i > f; git add f; git commit --quiet -m $i; done;
        GIT_SEQUENCE_EDITOR=\"sed -i 's/^pick \\(.*\\) 3$/fixup \\1 3/'\" git rebase --quiet -i --exec true HEAD~2";
    desk.inside(script).ok();
    assert_eq!(desk.outside("git log --format=%s; cat f").ok(), "2\n1\nfirst\n3");
}

#[test]
fn tags_notes_and_bisect_work() {
    let desk = Desk::new();
    let script = "set -e; git tag one; git tag -a two -m two; git notes add -m note; 
        for i in 1 2 3 4; do echo $i > f; git add f; git commit --quiet -m $i; done;
        git bisect start HEAD one >/dev/null; git bisect run sh -c '! grep -q 3 f' >/dev/null; git bisect reset 2>/dev/null";
    desk.inside(script).ok();
    assert_eq!(desk.outside("git tag; git notes list | wc -l; git branch --show-current").ok(), "one\ntwo\n1\nmain");
}

#[test]
fn garbage_collection_succeeds_and_says_nothing() {
    let desk = Desk::new();
    let ended =
        desk.inside("for i in 1 2 3; do echo $i > f; git add f; git commit --quiet -m $i; done; git gc --quiet");
    assert_eq!(ended.stderr, "", "{ended}");
    ended.ok();
    desk.outside("git fsck --strict").ok();
}

#[test]
fn worktrees_are_added_inside_the_workspace_and_removed() {
    let desk = Desk::new();
    let script =
        "set -e; git worktree add --quiet tree -b side; cd tree; echo w > w; git add w; git commit --quiet -m w;
        cd ..; git worktree remove tree; git worktree prune; git worktree list | wc -l";
    assert_eq!(desk.inside(script).ok(), "1");
    assert_eq!(desk.outside("git log -1 --format=%s side; git status --porcelain").ok(), "w");
}

#[test]
fn a_local_clone_takes_commits_and_pushes_back() {
    let desk = Desk::new();
    let script =
        "set -e; git clone --quiet . /tmp/clone; cd /tmp/clone; echo c > c; git add c; git commit --quiet -m c;
        git push --quiet origin HEAD:refs/heads/from-clone";
    desk.inside(script).ok();
    assert_eq!(desk.outside("git log -1 --format=%s from-clone").ok(), "c");
}

#[test]
fn a_repository_made_inside_is_a_good_one_outside() {
    let desk = Desk::new();
    desk.inside("git init --quiet new && cd new && echo n > n && git add n && git commit --quiet -m n").ok();
    assert_eq!(
        desk.outside("cd new && git log --format=%s && git status --porcelain && git fsck 2>/dev/null").ok(),
        "n"
    );
}

#[test]
fn a_linked_worktree_as_the_workspace_takes_commits() {
    let desk = Desk::new();
    desk.outside("git worktree add --quiet ../linked -b side").ok();
    let script =
        "set -e; echo l > l; git add l; git commit --quiet -m l; git checkout --quiet -b other; git stash list";
    desk.pinfold(["run", "--", "/bin/bash", "-c", script]).directory("home/linked").run().ok();
    assert_eq!(desk.outside("git log -1 --format=%s side; git -C ../linked branch --show-current").ok(), "l\nother");
    assert_eq!(desk.outside("git status --porcelain; git -C ../linked status --porcelain").ok(), "");
}

#[test]
fn a_linked_worktree_does_not_open_the_main_one() {
    let desk = Desk::new();
    desk.outside("git worktree add --quiet ../linked -b side").ok();
    let script = "echo changed > ../project/README; cat ../project/README; true";
    desk.pinfold(["run", "--", "/bin/bash", "-c", script]).directory("home/linked").run().ok();
    assert_eq!(desk.read("home/project/README"), "a project\n");
}

/// A project with a submodule `lib`.
fn with_submodule() -> Desk {
    let desk = Desk::new();
    let script = "set -e; git init --quiet ../library; cd ../library; echo lib > lib.txt; git add .; git commit --quiet -m lib;
        cd ../project; git -c protocol.file.allow=always submodule --quiet add ../library lib; git commit --quiet -m submodule";
    desk.outside(script).ok();
    desk
}

#[test]
fn a_submodule_as_the_workspace_takes_commits() {
    let desk = with_submodule();
    let script =
        "set -e; git checkout --quiet -b topic; echo more >> lib.txt; git commit --quiet -am more; git status -s";
    let ended = desk.pinfold(["run", "--", "/bin/bash", "-c", script]).directory("home/project/lib").run();
    assert_eq!(ended.ok(), "");
    assert_eq!(desk.outside("git -C lib log -1 --format=%s topic").ok(), "more");
}

#[test]
fn a_project_records_what_its_submodule_committed() {
    let desk = with_submodule();
    let script = "set -e; cd lib; echo more >> lib.txt; git commit --quiet -am more; cd ..; git add lib;
        git commit --quiet -m bump; git submodule status >/dev/null; git submodule foreach --quiet git log -1 --format=%s";
    assert_eq!(desk.inside(script).ok(), "more");
    assert_eq!(desk.outside("git log -1 --format=%s; git status --porcelain").ok(), "bump");
}

#[test]
fn large_files_filters_and_attributes_are_left_to_git() {
    if lacks("git") {
        return;
    }
    let desk = Desk::new();
    let script = "set -e; head -c 20000000 /dev/urandom > big; git add big; git commit --quiet -m big;
        git archive HEAD | tar -t; git ls-files | xargs git check-attr -a; git diff --stat HEAD~1 | tail -1";
    let text = desk.inside(script).ok();
    assert!(text.contains("1 file changed"), "{text}");
    desk.outside("git fsck --strict").ok();
}

/// How git is told of a change to its settings that was refused.
const REFUSED: &str = "git could not change";

#[test]
fn a_refused_change_of_gits_settings_is_explained() {
    let desk = Desk::new();
    for command in [&["git", "config", "a.b", "c"][..], &["git", "remote", "add", "up", "../x"]] {
        let ended = desk.pinfold(["run", "--"]).arguments(command).run();
        ended.says(REFUSED).says("/project/.git/config").says("it is protected").says("--protect '!.git/config'");
    }
    desk.inside("sleep 0.3; git config a.b c; sleep 0.1").says(REFUSED);
    let json = desk.pinfold(["run", "--json", "--", "git", "config", "a.b", "c"]).run();
    assert!(json.stderr.contains("\"refused\":[\"") && !json.stderr.contains(REFUSED), "{json}");
    desk.inside_with(&["--protect", "!.git/config"], "git config a.b c").says_nothing().ok();
    assert_eq!(desk.outside("git config a.b").ok(), "c");
}

#[test]
fn nobody_is_told_of_refused_settings_who_changed_none() {
    let desk = Desk::new();
    desk.inside("sleep 0.3; echo x >> README; git commit --quiet -am x; git checkout --quiet -b topic; git gc --quiet; git status >/dev/null")
        .says_nothing()
        .ok();
    for command in
        [&["git", "checkout", "--quiet", "main"][..], &["git", "branch", "other"], &["git", "config", "user.name"]]
    {
        desk.pinfold(["run", "--"]).arguments(command).run().says_nothing().ok();
    }
    // Somebody outside changes them meanwhile.
    let run = desk.pinfold(["run", "--", "sleep", "1"]).start();
    desk.outside("sleep 0.4; git config a.b c").ok();
    run.wait().says_nothing().ok();
}

#[test]
fn a_lock_that_is_left_on_gits_settings_is_told() {
    let desk = Desk::new();
    desk.inside(": > .git/config.lock").says(REFUSED).says("config.lock was left").ok();
}

#[test]
fn a_submodule_that_is_added_inside_is_usable_outside() {
    let desk = Desk::new();
    let library =
        "set -e; git init --quiet ../library; cd ../library; echo lib > lib.txt; git add .; git commit --quiet -m lib";
    desk.outside(library).ok();
    let add = "git -c protocol.file.allow=always submodule --quiet add ../library libs/lib && git commit --quiet -m submodule";
    let flags = ["--read", "../library"];
    let ended = desk.inside_with(&flags, add).says(REFUSED).says("git submodule init");
    assert!(!ended.stderr.contains("quarantined"), "{ended}");
    ended.ok();
    assert_eq!(
        desk.outside("git -C libs/lib log --format=%s; git submodule --quiet init; git submodule status")
            .ok()
            .lines()
            .next(),
        Some("lib")
    );
    assert_eq!(
        desk.inside("cd libs/lib && echo x >> lib.txt && git commit --quiet -am more && git log --format=%s").ok(),
        "more\nlib"
    );
    assert_eq!(desk.outside("git status --short").ok(), " M libs/lib");
}

#[test]
fn a_submodule_that_was_initialised_outside_is_fetched_inside() {
    let desk = with_submodule();
    desk.outside("git clone --quiet \"$PWD\" ../fresh && cd ../fresh && git submodule --quiet init").ok();
    let script = "git -c protocol.file.allow=always submodule --quiet update; cat lib/lib.txt";
    let call = desk.pinfold(["run", "--read", "../library", "--", "/bin/sh", "-c", script]).directory("home/fresh");
    assert_eq!(call.run().says_nothing().ok(), "lib");
    assert_eq!(desk.outside("cd ../fresh; git status --short; git -C lib status --short").ok(), "");
}

#[test]
fn a_repository_and_a_secret_whose_names_are_no_text() {
    let desk = Desk::new();
    desk.outside("d=$(printf 'r\\351po'); git init --quiet $d; echo secret > $d/.env").ok();
    let script = "d=$(printf 'r\\351po'); cat $d/.env; git init --quiet $d/new; git -C $d config core.pager x; exit 0";
    let ended = desk.pinfold(["run", "--json", "--", "bash", "-c", script]).run();
    assert!(ended.stderr.contains("\"exit-code\":0") && !ended.text().contains("secret"), "{ended}");
    let plan = desk.pinfold(["plan", "--json"]).run().ok();
    assert!(plan.contains("r\u{fffd}po/.env"), "{plan}");
}
