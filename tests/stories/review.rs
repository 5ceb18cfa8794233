//! `pinfold review`: a page on a real terminal, and what it leaves behind, judged from outside.

use pinfold_tests::eventually;

use crate::desk::{Desk, lacks};
use crate::screen::Screen;

/// A project with a file of thirty lines, in the stage `s` of which two are changed, two files are new, and one is a hook.
fn desk() -> Desk {
    let desk = Desk::new();
    let lines: String = (1..=30).map(|number| format!("{number}\n")).collect();
    desk.write("home/project/lines", &lines);
    let script = "set -e; sed -i 's/^2$/two/; s/^28$/twenty-eight/' lines; echo 1 > one; echo 2 > two; \
                  echo 'exit 0' > .git/hooks/pre-commit";
    desk.inside_with(&["--session", "s"], script).ok();
    desk
}

impl Desk {
    /// All that is in the workspace, with modes and contents.
    fn state(&self) -> String {
        let list = r"find . -printf '%p %y %m %l\n' | sort; find . -type f -exec sha256sum {} + | sort";
        self.outside(list).ok()
    }
}

impl Screen<'_> {
    /// Opens the page.
    fn review(&self) {
        self.review_of("of 4 chosen");
    }

    /// Opens the page, which says this.
    fn review_of(&self, words: &str) {
        self.line("clear; pinfold review s; echo status=$?");
        self.shows(words);
    }

    /// What is above the diff: the name of what is looked at.
    fn head(&self) -> String {
        let shown = self.shown();
        let head = shown.lines().nth(1).and_then(|line| line.split('│').nth(1)).unwrap_or_default();
        head.split_whitespace().next().unwrap_or_default().to_owned()
    }

    /// Goes to the row of a file, from wherever one is.
    fn go(&self, name: &str) {
        self.key("Home");
        assert!(eventually(|| self.head() == "project/"));
        while self.head() != name {
            let before = self.head();
            self.key("Down");
            assert!(eventually(|| self.head() != before), "{name} is not on the page:\n{}", self.shown());
        }
    }
}

#[test]
fn a_file_and_a_hunk_are_chosen_and_taken_over() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    screen.review();
    screen.go("one");
    screen.text(" ");
    screen.go("lines");
    screen.shows("[ ] @@ -25,6 +25,6 @@");
    screen.key("Right");
    screen.text("nn ");
    screen.shows("2 of 4 chosen");
    screen.text("a");
    screen.shows("Take over 1 file and 1 hunk of 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    screen.shows("pinfold: 2 changes taken over from the stage s; pinfold undo takes it back");
    let file = desk.read("home/project/lines");
    assert!(file.contains("\n2\n") && file.contains("\ntwenty-eight\n"), "{file}");
    assert_eq!(desk.outside("ls; ls .git/hooks/pre-commit").text(), "README\nlines\none");
    desk.pinfold(["undo"]).run().ok();
    assert!(!desk.read("home/project/lines").contains("twenty-eight"));
}

#[test]
fn what_would_execute_outside_needs_its_own_yes() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    let hook = desk.path("home/project/.git/hooks/pre-commit");
    for (answer, comes) in [("n", false), ("y", true)] {
        screen.review_of(if comes { "of 1 chosen" } else { "of 4 chosen" });
        screen.text(" ");
        screen.text("a");
        screen.shows("1 of 1: .git/hooks/pre-commit would execute outside");
        // Nothing else is an answer.
        screen.key("Enter");
        screen.text("a ");
        screen.shows("1 of 1: .git/hooks/pre-commit would execute outside");
        screen.text(answer);
        screen.shows(if comes { "Take over 1 file?" } else { "Take over 3 files?" });
        assert!(!hook.exists());
        screen.text("y");
        screen.shows_line("status=0");
        assert_eq!(hook.exists(), comes);
    }
    assert_eq!(desk.outside("ls").ok(), "README\nlines\none\ntwo");
}

#[test]
fn a_stage_that_changes_while_it_is_looked_at_is_not_taken_over() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    let before = desk.state();
    screen.review();
    screen.go("one");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    desk.inside_with(&["--session", "s"], "echo evil > one").ok();
    screen.text("y");
    screen.shows("the stage is not what you have looked at");
    assert_eq!(desk.state(), before);
    // So it is with throwing it away, and while a run is still in it.
    screen.text("d");
    screen.shows("Throw away the stage s");
    screen.text("y");
    screen.shows("the stage is not what you have looked at");
    let run = desk.pinfold(["run", "--session", "s", "--", "sleep", "60"]).start();
    assert!(eventually(|| desk.pinfold(["stages"]).run().ok().contains("in use")));
    screen.text("a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows("the stage s is in use");
    assert_eq!(desk.state(), before);
    run.signal(rustix::process::Signal::TERM);
    run.wait();
    screen.text("r");
    screen.shows("this is how it is now");
    screen.go("one");
    screen.shows("+evil");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    assert_eq!(desk.read("home/project/one"), "evil\n");
}

#[test]
fn a_file_that_its_user_changes_meanwhile_keeps_its_hunks_in_the_stage() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    screen.review();
    screen.go("lines");
    screen.shows("[ ] @@ -25,6 +25,6 @@");
    screen.key("Right");
    screen.text("n a");
    screen.shows("Take over 1 hunk of 1 file?");
    // As long as it was, so that only its content is another.
    desk.outside("sed -i 's/^5$/V/' lines").ok();
    screen.text("y");
    screen.shows("is not what you have looked at");
    let file = desk.read("home/project/lines");
    assert!(file.contains("\nV\n") && !file.contains("two"), "{file}");
    screen.text("r");
    screen.shows("this is how it is now");
    screen.go("lines");
    screen.shows("was changed in the workspace as well, and merges");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    let file = desk.read("home/project/lines");
    assert!(file.contains("\nV\n") && file.contains("two") && file.contains("twenty-eight"), "{file}");
}

#[test]
fn what_conflicts_is_named_and_cannot_be_chosen() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    desk.outside("sed -i 's/^2$/mine/' lines").ok();
    let screen = Screen::new(&desk);
    screen.review();
    screen.go("lines");
    screen.text(" ");
    screen.shows("it conflicts with the workspace: the run and somebody else have changed the same lines");
    screen.shows("0 of 4 chosen");
    screen.key("Home");
    screen.text(" ");
    screen.shows("3 of 4 chosen");
    screen.text("q");
    screen.shows_line("status=0");
}

#[test]
fn a_conflict_is_decided_on_the_page() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    desk.outside("sed -i 's/^2$/mine/' lines; echo mine > one").ok();
    let screen = Screen::new(&desk);
    screen.review();
    screen.go("lines");
    screen.text("t");
    screen.shows("[t]");
    screen.go("one");
    screen.text("m");
    screen.shows("2 of 4 chosen");
    screen.text("a");
    screen.shows("Take over 1 file, and let 1 change of the run go?");
    // As long as it was: what goes is what was there when that was decided.
    desk.outside("sed -i 's/^5$/V/' lines").ok();
    screen.text("y");
    screen.shows("a file is not what you have looked at");
    assert!(desk.read("home/project/lines").contains("\nV\n"));
    screen.text("r");
    screen.shows("this is how it is now");
    screen.go("lines");
    screen.text("t");
    screen.go("one");
    screen.text("ma");
    screen.shows("Take over 1 file, and let 1 change of the run go?");
    screen.text("y");
    screen.shows_line("status=0");
    screen.shows("kept as it is here: one");
    screen.shows("1 change taken over");
    assert!(desk.read("home/project/lines").contains("\ntwo\n"));
    assert_eq!(desk.read("home/project/one"), "mine\n");
    let waits = desk.pinfold(["changes"]).run().ok();
    let waiting = |name: &str| waits.lines().any(|line| line.ends_with(name) && !line.contains(":"));
    assert!(waiting("A two") && !waiting("A one") && !waiting("M lines"), "{waits}");
    desk.pinfold(["undo"]).run().ok();
    assert!(desk.read("home/project/lines").contains("\nmine\n"));
}

#[test]
fn a_stage_is_looked_at_while_a_run_goes_on_in_it() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let run = desk.pinfold(["run", "--session", "s", "--", "sh", "-c", "echo more > more; sleep 60"]).start();
    assert!(eventually(|| desk.pinfold(["changes", "s"]).run().text().contains("more")));
    let screen = Screen::new(&desk);
    screen.review_of("of 5 chosen");
    screen.shows("a run goes on in it");
    screen.go("more");
    screen.shows("+more");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows("the stage s is in use");
    run.signal(rustix::process::Signal::TERM);
    run.wait();
    // What it showed is nothing that the run could not have changed since.
    screen.text("a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows("the stage is not what you have looked at");
    assert!(!desk.workspace().join("more").exists());
    screen.text("r");
    screen.shows("this is how it is now");
    screen.go("more");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    assert_eq!(desk.read("home/project/more"), "more\n");
}

#[test]
fn who_leaves_has_changed_nothing_and_gets_the_terminal_back() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    let before = desk.state();
    let waits = desk.pinfold(["changes", "--json"]).run().ok();
    screen.line("stty -g > ../before");
    for (end, status) in [("q", Some(0)), ("C-c", Some(0)), ("TERM", Some(143)), ("HUP", Some(129)), ("INT", None)] {
        screen.line("clear; sh -c 'echo $$ > ../pid; exec pinfold review s'; echo status=$?");
        screen.shows("of 4 chosen");
        screen.text(" ");
        screen.shows("4 of 4 chosen");
        screen.resize(44, 12);
        screen.until("have a narrow page", |shown| shown.contains("4 of 4 chosen") && !shown.contains('│'));
        screen.resize(30, 8);
        screen.shows("too small");
        screen.resize(100, 30);
        screen.shows("4 of 4 chosen");
        match end {
            "q" | "C-c" => screen.key(end),
            signal => drop(desk.outside(&format!("kill -{signal} $(cat ../pid)")).ok()),
        }
        match status {
            Some(status) => screen.shows_line(&format!("status={status}")),
            // Then the shell does not go on with its line either.
            None => screen.is_back(),
        }
        assert!(!screen.shown().contains("chosen"), "{}", screen.shown());
        screen.line("stty -g > ../after; tput cnorm; echo done");
        screen.shows_line("done");
        assert_eq!(desk.read("home/before"), desk.read("home/after"), "after {end}");
    }
    assert_eq!(desk.state(), before);
    assert_eq!(desk.pinfold(["changes", "--json"]).run().ok(), waits);
}

#[test]
fn a_stage_is_discarded_after_a_yes() {
    if lacks("tmux") {
        return;
    }
    let desk = desk();
    let screen = Screen::new(&desk);
    screen.review();
    screen.text("d");
    screen.shows("Throw away the stage s");
    screen.text("n");
    screen.shows("nothing was changed");
    assert!(desk.pinfold(["stages"]).run().ok().contains("s "));
    // What was typed before the question is no answer.
    screen.text("dyyy");
    screen.shows("Throw away the stage s");
    screen.text("y");
    screen.shows("the stage s is discarded");
    assert_eq!(desk.pinfold(["stages"]).run().ok(), "");
    assert_eq!(desk.outside("ls").ok(), "README\nlines");
}

#[test]
fn names_and_contents_that_would_deceive_a_terminal_are_shown_harmlessly() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    let script = r"printf 'x\033]0;owned\007\033[2J\342\200\256y\r\n\377' > $'na\033[2Jme\nnext\xff'";
    desk.inside_with(&["--session", "s"], script).ok();
    let screen = Screen::new(&desk);
    screen.line("clear; pinfold review s; echo status=$?");
    screen.shows("0 of 1 chosen");
    screen.key("End");
    screen.shows("na\u{fffd}[2Jme\u{fffd}next\u{fffd}");
    screen.shows("+x\u{fffd}]0;owned\u{fffd}\u{fffd}[2J\u{fffd}y");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    desk.outside(r"test -f $'na\033[2Jme\nnext\xff'").ok();
}

#[test]
fn without_a_terminal_it_names_what_to_do_instead() {
    let desk = desk();
    desk.pinfold(["review"]).run().ends_with(125).says("pinfold diff").says("pinfold apply");
}

#[test]
fn what_git_ignores_stays_unless_it_is_chosen_by_itself() {
    if lacks("tmux") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/project/.gitignore", "target/\n");
    desk.outside("git add -A; git commit --quiet -m ignore").ok();
    desk.inside_with(&["--session", "s"], "mkdir target; echo 1 > target/built; echo 1 > one").ok();
    let screen = Screen::new(&desk);
    screen.review_of("of 3 chosen");
    screen.text(" ");
    screen.shows("1 of 3 chosen");
    screen.key("End");
    screen.text(" ");
    screen.shows("3 of 3 chosen");
    screen.text(" a");
    screen.shows("Take over 1 file?");
    screen.text("y");
    screen.shows_line("status=0");
    assert_eq!(desk.outside("ls").ok(), "README\none");
}
