//! What a user can choose when he looks at a stage and takes it over: what git ignores, whose version counts, what shows it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::desk::{Desk, lacks};
use crate::screen::Screen;

impl Desk {
    /// A program of the user's.
    fn tool(&self, name: &str, script: &str) {
        let path = format!("home/.local/bin/{name}");
        self.write(&path, format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(self.path(&path), PermissionsExt::from_mode(0o755)).expect("a program");
    }

    /// Whether versions of files lie about that a program has looked at.
    fn has_leftovers(&self) -> bool {
        let state = self.path("home/.local/state/pinfold");
        !self.outside(&format!("find {} -name looked-at 2> /dev/null", state.display())).text().is_empty()
    }
}

#[test]
fn what_git_ignores_is_one_line_and_stays_unless_it_is_asked_for() {
    let desk = Desk::new();
    desk.write("home/project/.gitignore", "/target/\n*.log\n");
    desk.outside(
        "mkdir target; echo kept > target/kept; git add -A; git add -f target/kept; git commit --quiet -m more",
    )
    .ok();
    let script = "set -e; mkdir -p target/debug/deps web/target; for i in {1..30}; do echo $i > target/debug/deps/$i; done; \
                  echo 1 > a.log; echo changed > target/kept; echo more >> README; echo 1 > web/target/x";
    desk.staged(script).says("and 31 files that git ignores").ok();
    let changes = "M README\nM target/kept\nA web/\nA web/target/\nA web/target/x\n\
                   \x20 a.log  ignored by git, 1 file, 1 KiB\n  target/debug/  ignored by git, 30 files, 1 KiB";
    assert_eq!(desk.about(&["changes"]).ok(), changes);
    let diff = desk.about(&["diff"]).says("a.log, target/debug/ (31 files, 1 KiB)").ok();
    assert!(diff.contains("target/kept") && !diff.contains("deps"), "{diff}");
    assert!(desk.about(&["diff", "--ignored"]).ok().contains("deps/30"));
    assert!(desk.about(&["diff", "target/debug/deps/7"]).ok().contains("deps/7"));
    desk.about(&["apply"]).says("left in the stage").says("pinfold apply --ignored").ok();
    assert_eq!(
        desk.outside("cat README target/kept; ls target web").ok(),
        "a project\nmore\nchanged\ntarget:\nkept\n\nweb:\ntarget"
    );
    desk.about(&["apply", "target/debug/deps/7"]).says("taken over").ok();
    assert_eq!(desk.outside("find target -name '[0-9]*'").ok(), "target/debug/deps/7");
    desk.about(&["apply", "--ignored"]).ok();
    assert_eq!(desk.outside("ls target/debug/deps | wc -l; cat a.log").ok(), "30\n1");
    assert!(desk.waits().is_empty());
}

#[test]
fn no_run_can_hide_what_it_wrote_by_what_git_ignores() {
    let desk = Desk::new();
    let script = "set -e; echo '*' > .gitignore; echo '*' > .git/info/exclude; git config core.excludesFile /dev/stdin; \
                  mkdir new; echo '*' > new/.gitignore; echo 1 > new/file; echo 1 > ':(exclude)x'; echo more >> README";
    desk.staged(script).ok();
    let changes = desk.about(&["changes"]).ok();
    assert!(
        changes.contains("A new/file") && changes.contains("M README") && !changes.contains("ignored"),
        "{changes}"
    );
    // What lies behind a link is nobody's to ignore.
    desk.about(&["discard"]).ok();
    desk.write("home/project/.gitignore", "*.log\n");
    desk.outside("ln -s ../other link").ok();
    desk.staged("rm link; mkdir link; echo 1 > link/a.log; echo 1 > b.log; mv README c.log").ok();
    let changes = desk.about(&["changes"]).ok();
    assert!(changes.contains("A link/a.log") && changes.contains("R c.log (was README)"), "{changes}");
    assert!(changes.contains("  b.log  ignored by git"), "{changes}");
}

#[test]
fn what_git_ignores_is_asked_about_as_all_else_is() {
    let desk = Desk::new();
    desk.write("home/project/.gitignore", "build/\n");
    desk.staged("mkdir build; echo evil > build/.envrc; echo 1 > build/other").ok();
    assert!(desk.about(&["changes"]).ok().contains("! 1 would execute outside"));
    desk.about(&["apply", "--ignored"]).says("not taken over: build/.envrc").ok();
    assert_eq!(desk.outside("ls -A build").ok(), "other");
}

#[test]
fn whose_version_counts_is_said_by_path_and_taken_back() {
    let desk = Desk::new();
    desk.outside("echo base > both; echo base > gone").ok();
    desk.inside_with(&["--session", "s"], "echo theirs > both; rm gone; echo theirs > made; echo 1 > other").ok();
    desk.outside("echo mine > both; echo mine > gone; echo mine > made").ok();
    let refused = desk.about(&["apply"]).ends_with(125).says("pinfold apply --theirs both gone made");
    refused.says("pinfold apply --mine both gone made").says("then pinfold apply takes over the rest");
    desk.about(&["apply", "--theirs", "both", "gone", "--mine", "made"]).says("kept as it is here: made").ok();
    assert_eq!(desk.outside("cat both made; ls").ok(), "theirs\nmine\nREADME\nboth\nmade");
    assert_eq!(desk.waits(), [("other".to_owned(), "created".to_owned())]);
    assert!(desk.about(&["changes"]).ok().contains("kept as it is here: made"));
    desk.about(&["undo"]).ok();
    assert_eq!(desk.outside("cat both gone made").ok(), "mine\nmine\nmine");
    // What was decided against can be had after all, and counts again when a run makes something else of it.
    desk.about(&["apply", "--theirs", "made"]).ok();
    assert_eq!(desk.read("home/project/made"), "theirs\n");
    desk.about(&["undo"]).ok();
    desk.about(&["apply", "--mine", "made", "both", "gone"]).ok();
    desk.about(&["apply"]).ok();
    assert!(desk.waits().is_empty());
    desk.inside_with(&["--session", "s"], "echo again > made").ok();
    assert_eq!(desk.waits(), [("made".to_owned(), "modified".to_owned())]);
    desk.about(&["apply"]).ends_with(125).says("made: ");
    assert_eq!(desk.outside("cat made both gone other").ok(), "mine\nmine\nmine\n1");
}

#[test]
fn what_was_shown_is_what_is_taken_over() {
    let desk = Desk::new();
    desk.inside_with(
        &["--session", "s"],
        "echo 1 > one; mkdir d; echo 2 > d/two; git add -A; git commit --quiet -m agent",
    )
    .ok();
    desk.about(&["apply", "--reviewed"]).ends_with(125).says("not all of it is what you have been shown");
    desk.about(&["diff", "d"]).ok();
    desk.about(&["apply", "--reviewed"]).ends_with(125).says("one");
    desk.about(&["apply", "--reviewed", "d"]).ok();
    desk.about(&["diff"]).ok();
    desk.inside_with(&["--session", "s"], "echo evil > one").ok();
    desk.about(&["apply", "--reviewed"]).ends_with(125).says("one");
    desk.about(&["diff"]).ok();
    desk.about(&["apply", "--reviewed"]).ok();
    assert_eq!(desk.outside("cat one d/two").ok(), "evil\n2");
    desk.about(&["apply", "--reviewed=0123456789abcdef"]).ends_with(125).says("not what was reviewed");
}

#[test]
fn a_program_of_the_users_shows_what_git_would_show_it_and_cannot_be_deceived() {
    let desk = Desk::new();
    desk.tool("show", r#"printf '\033[1m%s\033[m\033[2J|%s %s|%s %s\n' "$1" "$3" "$4" "$6" "$7"; stat -c %a "$5" "$(dirname "$5")"; cat "$5""#);
    desk.staged(r"printf 'x\033[8mhidden\n' >> README; echo 1 > ./-rf; echo 1 > $'\e[8mx.rs'; ln -s /etc/passwd link")
        .ok();
    let shown = desk.about(&["diff", "--tool", "show"]).ok();
    let none = "0".repeat(40);
    assert!(
        shown.contains(&format!(
            "\x1b[1mREADME\x1b[m[2J|{none} 100644|{none} 100644\n600\n700\na project\nx<U+001B>[8mhidden\n"
        )),
        "{shown}"
    );
    assert!(shown.contains(&format!("./-rf\x1b[m[2J|. .|{none} 100644")), "{shown}");
    assert!(shown.contains(&format!("link\x1b[m[2J|. .|{none} 120000")) && shown.contains("/etc/passwd"), "{shown}");
    assert!(!shown.contains("\x1b[8m") && !shown.contains("root:"), "{shown}");
    assert!(!desk.has_leftovers());
    desk.about(&["diff", "--tool", "no-such-program"]).ends_with(125).says("pinfold diff --patch");
    assert!(!desk.has_leftovers());
}

#[test]
fn nothing_lies_about_after_an_interruption() {
    let desk = Desk::new();
    desk.tool("slow", "sleep 1");
    desk.staged("echo more >> README; echo 1 > one; echo 2 > two").ok();
    let running = desk.pinfold(["diff", "--tool", "slow"]).start();
    let begun = Instant::now();
    while !desk.has_leftovers() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal(Signal::INT);
    assert_eq!(running.wait().code(), 130);
    assert!(!desk.has_leftovers());
    // Whoever is killed leaves it to the next one.
    let running = desk.pinfold(["diff", "--tool", "slow"]).start();
    while !desk.has_leftovers() && begun.elapsed() < Duration::from_secs(40) {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal(Signal::KILL);
    running.wait();
    desk.about(&["changes"]).ok();
    assert!(!desk.has_leftovers());
}

#[test]
fn at_a_terminal_the_pager_and_the_program_of_the_user_are_called() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    desk.staged(r"printf 'x\033]0;evil\007\n' >> README").ok();
    let screen = Screen::new(&desk);
    screen.line("PINFOLD_PAGER='sed s/^/PAGER:/' pinfold diff");
    screen.shows("PAGER:+x\u{fffd}]0;evil\u{fffd}");
    screen.line("clear; git config --global core.pager 'sed s/^/GIT:/'; pinfold diff");
    screen.shows("GIT:+x");
    screen.line("clear; NO_COLOR=1 PINFOLD_PAGER=cat pinfold diff");
    screen.shows("+x\u{fffd}]0;evil\u{fffd}");
    screen.line("clear; PINFOLD_PAGER=no-such-pager pinfold diff");
    screen.shows("the pager `no-such-pager` cannot be run");
    desk.tool("show", "echo shown by me");
    screen.line("clear; git config --global diff.external show; pinfold diff");
    screen.shows("GIT:shown by me");
    screen.line("clear; git config --global --unset core.pager; pinfold diff --patch");
    screen.shows("+x\u{fffd}");
}

#[test]
fn a_rule_about_what_a_stage_has_remade_names_the_stage() {
    let desk = Desk::new();
    desk.outside("mkdir d; echo 1 > d/x").ok();
    desk.inside_with(&["--session", "topic"], "rm -r d; echo 1 > d").ok();
    let refused = desk.inside_with(&["--session", "topic", "--deny", "d"], "cat d").ends_with(125);
    refused.says("the stage topic has something else there").says("pinfold discard topic");
}

#[test]
fn what_was_taken_over_stays_when_the_stage_goes_back() {
    let desk = Desk::new();
    let lines: String = (1..=20).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.inside_with(&["--session", "s"], "sed -i 's/^2$/two/' file; echo 1 > new").ok();
    desk.about(&["snapshot", "s", "first"]).ok();
    desk.inside_with(&["--session", "s"], "sed -i 's/^18$/eighteen/' file; echo 2 > new").ok();
    desk.about(&["apply"]).ok();
    desk.about(&["restore", "s", "first"])
        .says("what you have taken over since stays in the workspace: 2 changes")
        .ok();
    assert!(desk.waits().is_empty(), "{:?}", desk.waits());
    desk.inside_with(&["--session", "s"], "sed -i 's/^10$/ten/' file").ok();
    desk.about(&["apply"]).ok();
    let file = desk.read("home/project/file");
    assert!(["\ntwo\n", "\nten\n", "\neighteen\n"].iter().all(|line| file.contains(line)), "{file}");
    desk.about(&["undo"]).ok();
    assert_eq!(desk.waits(), [("file".to_owned(), "modified".to_owned())]);
}

#[test]
fn what_a_file_means_depends_on_what_lies_beside_it_and_what_was_left_of_it_stays() {
    let desk = Desk::new();
    desk.outside("echo '{}' > package.json").ok();
    desk.staged(
        "mkdir .next; echo evil > .next/.pdbrc; echo evil > .pdbrc; printf '#!/bin/sh\\n' > .git/hooks/pre-commit",
    )
    .ok();
    let changes = desk.about(&["changes"]).ok();
    assert!(changes.contains("A .next/.pdbrc\n") && changes.contains("A .pdbrc  ! "), "{changes}");
    // Whoever agrees to a file and then leaves its only hunk has left it.
    desk.pinfold(["apply", "--traps", "--hunks"]).input("n\nn\nn\nn\nn\nn\n").run().ok();
    assert_eq!(desk.outside("ls -A; ls .git/hooks/pre-commit 2> /dev/null || true").ok(), ".git\nREADME\npackage.json");
}

#[test]
fn of_what_git_keeps_for_itself_one_is_asked_once() {
    let desk = Desk::new();
    let script = "echo more >> README; git commit -qam inside; echo new > new; git add new";
    desk.inside_with(&["--session", "s"], script).ok();
    let asked = desk.pinfold(["apply", "--hunks"]).input("n\ny\ny\n").run();
    asked.says(".git\ncommits, branches and what git notes: ").says("(1/1) take it over?").ok();
    assert_eq!(desk.outside("git log --format=%s; git status -s").ok(), "first\n M README\n?? new");
    desk.pinfold(["apply", "--hunks"]).input("y\n").run().ok();
    assert_eq!(desk.outside("git log --format=%s; git status -s").ok(), "inside\nfirst\nA  new");
}

#[test]
fn what_was_merged_is_taken_back_by_nobody_but_its_user() {
    let desk = Desk::new();
    let lines: String = (1..=40).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.inside_with(&["--session", "s"], "sed -i 's/^2$/two/; s/^20$/twenty/' file").ok();
    desk.outside("sed -i 's/^38$/mine/' file").ok();
    let has = |words: &[&str]| {
        let file = desk.read("home/project/file");
        ["two", "twenty", "mine", "thirty"]
            .iter()
            .all(|word| file.contains(&format!("\n{word}\n")) == words.contains(word))
    };
    // One hunk of two: the other one waits, and nothing else.
    desk.pinfold(["apply", "--hunks"]).input("y\nn\n").run().ok();
    assert!(has(&["two", "mine"]));
    let diff = desk.about(&["diff"]).ok();
    assert!(diff.contains("+twenty") && !diff.contains("two\n") && !diff.contains("mine"), "{diff}");
    desk.about(&["apply"]).ok();
    assert!(has(&["two", "twenty", "mine"]) && desk.waits().is_empty());
    desk.about(&["apply"]).ok();
    desk.inside_with(&["--session", "s"], "sed -i 's/^30$/thirty/' file").ok();
    desk.about(&["apply"]).ok();
    assert!(has(&["two", "twenty", "mine", "thirty"]));
    desk.about(&["undo"]).ok();
    assert!(has(&["two", "twenty", "mine"]));
    desk.about(&["apply"]).ok();
    assert!(has(&["two", "twenty", "mine", "thirty"]));
}

#[test]
fn what_was_merged_and_taken_back_is_merged_again() {
    let desk = Desk::new();
    let lines: String = (1..=30).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/file", &lines);
    desk.staged("sed -i 's/^2$/two/' file; echo theirs > both").ok();
    desk.outside("sed -i 's/^28$/mine/' file; echo mine > both").ok();
    desk.about(&["apply", "file", "--theirs", "both"]).ok();
    desk.about(&["undo"]).ok();
    assert_eq!(desk.read("home/project/both"), "mine\n");
    desk.about(&["apply"]).ends_with(125).says("both: ");
    desk.about(&["apply", "file"]).ok();
    let file = desk.read("home/project/file");
    assert!(file.contains("\ntwo\n") && file.contains("\nmine\n"), "{file}");
}

#[test]
fn one_taking_over_after_the_other_is_taken_back_as_long_as_nobody_else_has_changed_anything() {
    let desk = Desk::new();
    let before = desk.everything();
    let contents = || desk.outside("cat README; ls").ok();
    let mut all = Vec::new();
    for number in 1..=3 {
        all.push(contents());
        desk.inside_with(&["--session", "s"], &format!("echo {number} >> README; echo {number} > {number}")).ok();
        desk.about(&["apply"]).ok();
    }
    for earlier in all.iter().rev() {
        desk.about(&["undo"]).ok();
        assert_eq!(&contents(), earlier);
    }
    assert_eq!(desk.everything(), before);
    desk.about(&["undo"]).ends_with(125).says("nothing to undo");
    // And once more, with somebody who changes something in between.
    desk.about(&["apply"]).ok();
    desk.outside("echo mine >> README").ok();
    desk.inside_with(&["--session", "s"], "echo 4 > 4; sed -i 's/a project/our project/' README").ok();
    desk.about(&["apply"]).ok();
    desk.about(&["undo"]).ok();
    desk.about(&["undo"]).ends_with(125).says("README: a file lies there that has been changed");
    assert!(contents().contains("mine"));
}
