//! What a run is given while it goes on, and what is taken back.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pinfold_tests::eventually;
use rustix::process::{Pid, Signal, kill_process};

use crate::ask;
use crate::desk::{Call, Desk, Ended, Running, lacks};
use crate::screen::Screen;
use crate::traveller::Traveller;

/// Does what it finds in `ask`, and leaves what came of it in `answer`.
const SERVANT: &str = "touch ready; while test ! -e over; do
    if mv ask asked 2>/dev/null; then bash ./asked > answering 2>&1; mv answering answer; fi; sleep 0.02; done";

/// A run that goes on, and somebody beside it.
struct Live<'a> {
    desk: &'a Desk,
    running: Option<Running>,
}

impl<'a> Live<'a> {
    fn new(desk: &'a Desk, flags: &[&str]) -> Self {
        Self::start(desk, desk.pinfold(["run"]).arguments(flags).arguments(["--", "/bin/bash", "-c", SERVANT]))
    }

    fn start(desk: &'a Desk, run: Call<'_>) -> Self {
        let running = run.start();
        let live = Self { desk, running: Some(running) };
        assert!(eventually(|| live.in_project("ready").exists()), "the run begins");
        live
    }

    fn in_project(&self, name: &str) -> PathBuf {
        self.desk.workspace().join(name)
    }

    /// What a script inside says.
    fn says(&self, script: &str) -> String {
        self.desk.write("home/project/asking", script);
        std::fs::rename(self.in_project("asking"), self.in_project("ask")).expect("a question");
        assert!(eventually(|| self.in_project("answer").exists()), "an answer to {script}");
        let answer = self.desk.read("home/project/answer");
        std::fs::remove_file(self.in_project("answer")).expect("an answer");
        answer.trim_end().to_owned()
    }

    fn grant(&self, words: &[&str]) -> Ended {
        self.desk.pinfold(["grant", "last"]).arguments(words).run()
    }

    fn revoke(&self, words: &[&str]) -> Ended {
        self.desk.pinfold(["revoke", "last"]).arguments(words).run()
    }

    fn end(mut self) -> Ended {
        self.desk.write("home/project/over", "");
        self.running.take().expect("it goes on").wait()
    }
}

impl Drop for Live<'_> {
    /// A story that fails leaves no run behind.
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.signal(Signal::KILL);
            running.wait();
        }
    }
}

/// A desk with a directory beside the project.
fn with_notes() -> Desk {
    let desk = Desk::new();
    desk.write("home/notes/plan", "a plan\n");
    desk
}

#[test]
fn a_directory_is_seen_at_once_and_no_longer_when_it_is_taken_back() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    assert!(live.says("cat ~/notes/plan").contains("No such file"));
    live.grant(&["read", "../notes"]).says("may read ").ok();
    assert_eq!(live.says("cat ~/notes/plan"), "a plan");
    assert!(live.says("echo x > ~/notes/plan").contains("Read-only file system"));
    live.revoke(&["read", "../notes"]).says("may no longer read ").ok();
    assert!(live.says("cat ~/notes/plan").contains("No such file"));
    live.end().ok();
    assert_eq!(desk.read("home/notes/plan"), "a plan\n");
    assert_eq!(desk.inside("ls ~/notes").text(), "", "the place for it has gone with the run");
}

#[test]
fn a_run_is_called_by_the_name_of_its_stage() {
    let desk = with_notes();
    let until_granted = "until cat ~/notes/plan 2>/dev/null; do sleep 0.1; done";
    let start = |stage| desk.pinfold(["run", "--session", stage, "--", "sh", "-c", until_granted]).start();
    let (topic, other) = (start("topic"), start("other"));
    let grant = |run| desk.pinfold(["grant", run, "read", "../notes"]).run();
    // Those that can be called.
    let live = || {
        let said = grant("nobody").stderr;
        let all = said.lines().find_map(|line| line.split_once("these are going on: "));
        all.map_or_else(Vec::new, |(_, all)| all.split(", ").map(str::to_owned).collect())
    };
    assert!(eventually(|| live().len() == 2));
    grant("last").says("could be several live runs").ends_with(125);
    grant("nobody").says("no live run is called `nobody`").ends_with(125);
    // One whose stage is called as another run begins is as much meant as that one.
    let first = live()[0][..3].to_owned();
    let alike = start(&first);
    assert!(eventually(|| live().len() == 3));
    grant(&first).says("could be several live runs").ends_with(125);
    alike.signal(Signal::TERM);
    alike.wait();
    grant("topic").ok();
    assert_eq!(topic.wait().ok(), desk.read("home/notes/plan").trim_end());
    grant("other").ok();
    other.wait().ok();
}

#[test]
fn a_file_is_given_alone() {
    let desk = with_notes();
    desk.write("home/notes/other", "not given");
    let live = Live::new(&desk, &[]);
    live.grant(&["write", "../notes/plan"]).ok();
    assert_eq!(live.says("cat ~/notes/plan; ls ~/notes; echo more >> ~/notes/plan"), "a plan\nplan");
    assert_eq!(desk.read("home/notes/plan"), "a plan\nmore\n");
    live.revoke(&["write", "../notes/plan"]).ok();
    live.says("echo late >> ~/notes/plan");
    assert_eq!(desk.read("home/notes/plan"), "a plan\nmore\n");
    live.end().ok();
}

#[test]
fn a_place_outside_of_the_home_is_given() {
    let desk = with_notes();
    let elsewhere = desk.path("elsewhere");
    desk.write("elsewhere/data", "data");
    // Where the stories' desks are, in /tmp, which is the run's own.
    let path = elsewhere.to_str().expect("text");
    let live = Live::new(&desk, &[]);
    live.grant(&["write", path]).ok();
    assert_eq!(live.says(&format!("cat {path}/data; echo > {path}/new")), "data");
    assert!(elsewhere.join("new").exists());
    live.grant(&["read", "/srv"]).ok();
    live.revoke(&["read", "/srv"]).ok();
    live.end().ok();
}

#[test]
fn a_repository_that_is_given_to_be_written_is_protected_as_the_workspace_is() {
    let desk = with_notes();
    desk.outside("git init --quiet ~/notes && mkdir -p ~/notes/.git/hooks && git -C ~/notes add .").ok();
    let live = Live::new(&desk, &[]);
    live.grant(&["write", "../notes"]).ok();
    let tries = "cd ~/notes; echo x > .git/hooks/pre-commit; echo x >> .git/config; mv .git other; git commit -qm inside; \
                 mkdir -p new; git init -q new; printf '#!/bin/sh\\n' > new/.git/hooks/post-commit; ls -d .git";
    let said = live.says(tries);
    assert!(said.contains("Read-only file system") && said.ends_with(".git"), "{said}");
    assert_eq!(desk.outside("git -C ~/notes log --format=%s").ok(), "inside");
    assert!(!desk.path("home/notes/.git/hooks/pre-commit").exists());
    live.end().says("new").ok();
    assert!(!desk.path("home/notes/new/.git/hooks/post-commit").exists());
}

#[test]
fn what_a_killed_supervisor_leaves_in_a_granted_place_is_settled_by_the_next_run() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    live.grant(&["write", "../notes"]).ok();
    live.says(
        "cd ~/notes; git init -q .; printf '#!/bin/sh\\n' > .git/hooks/post-commit; chmod +x .git/hooks/post-commit",
    );
    let running = live.running.as_ref().expect("it goes on");
    running.signal(Signal::KILL);
    assert!(eventually(|| desk.pinfold(["grant", "last", "read", "."]).run().stderr.contains("no run is going on")));
    desk.inside("true").says("post-commit").ok();
    assert!(!desk.path("home/notes/.git/hooks/post-commit").exists());
}

/// Kills what a supervisor lets change its sandbox, some time after it is there.
fn kill_helper(supervisor: Pid, life: Duration) -> bool {
    let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
    let supervisor = supervisor.as_raw_pid();
    let threads = std::fs::read_dir(format!("/proc/{supervisor}/task")).into_iter().flatten().flatten();
    let children = threads.map(|thread| read(thread.path().join("children").to_string_lossy().into_owned()));
    let children: Vec<i32> = children.flat_map(|all| all.split(' ').flat_map(str::parse).collect::<Vec<_>>()).collect();
    let helper = children.into_iter().find(|child| read(format!("/proc/{child}/cmdline")).contains("__give"));
    let Some(helper) = helper.and_then(Pid::from_raw) else { return false };
    std::thread::sleep(life);
    kill_process(helper, Signal::KILL).is_ok()
}

#[test]
fn whoever_kills_what_changes_the_sandbox_leaves_nothing_that_nobody_can_take_back() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    let supervisor = live.running.as_ref().expect("it goes on").pid();
    let (mut granted, mut failed) = (0, 0);
    for round in 0..200 {
        if round >= 60 && failed > 0 {
            break;
        }
        let over = AtomicBool::new(false);
        let is_granted = std::thread::scope(|scope| {
            // At another moment each time.
            scope.spawn(|| {
                let life = Duration::from_micros(round % 20 * 150);
                while !over.load(Ordering::Relaxed) && !kill_helper(supervisor, life) {
                    std::thread::yield_now();
                }
            });
            let is_granted = live.grant(&["read", "../notes"]).code() == 0;
            over.store(true, Ordering::Relaxed);
            is_granted
        });
        let is_seen = live.says("test -e ~/notes/plan && echo seen") == "seen";
        assert_eq!(is_seen, is_granted, "in round {round}");
        if is_granted {
            granted += 1;
            live.revoke(&["read", "../notes"]).ok();
        } else {
            failed += 1;
        }
    }
    live.end().ok();
    assert!(failed > 0, "nothing was ever killed in {granted} rounds");
}

#[test]
fn a_denied_file_in_a_granted_place_stays_hidden() {
    let desk = with_notes();
    desk.write("home/notes/.env", "TOKEN=secret\n");
    let live = Live::new(&desk, &["--deny", "**/.env"]);
    live.grant(&["read", "../notes"]).ok();
    let said = live.says("cat ~/notes/.env ~/notes/plan");
    assert!(said.contains("a plan") && !said.contains("secret"), "{said}");
    live.end().ok();
}

#[test]
fn a_lease_ends_by_itself() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    live.grant(&["read", "../notes", "--for", "5s"]).says("for 5s").ok();
    assert_eq!(live.says("cat ~/notes/plan"), "a plan");
    assert!(eventually(|| live.says("cat ~/notes/plan").contains("No such file")), "its time is over");
    live.end().ok();
    let grants = desk.events(&["--kind", "grant"]);
    let told: Vec<_> = grants.iter().map(|event| (event["allow"].clone(), event["how"].clone())).collect();
    assert_eq!(told, [(true.into(), "pinfold grant, for 5 s".into()), (false.into(), "its time was over".into())]);
}

#[test]
fn what_may_be_read_may_be_written_for_a_while() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    live.grant(&["read", "../notes"]).ok();
    live.grant(&["write", "../notes"]).ok();
    live.grant(&["read", "../notes"]).says("was granted before").ok();
    live.revoke(&["read", "../notes"]).says("is granted still").ok();
    live.grant(&["read", "../notes"]).says("may be written already").ends_with(125);
    live.says("echo 1 > ~/notes/one");
    live.revoke(&["write", "../notes"]).ok();
    live.says("echo 2 > ~/notes/two");
    assert!(live.says("cat ~/notes/plan").contains("No such file"));
    assert!(desk.path("home/notes/one").exists() && !desk.path("home/notes/two").exists());
    live.grant(&["read", "../notes"]).ok();
    live.grant(&["write", "../notes/plan"]).ok();
    live.revoke(&["read", "../notes"]).ok();
    live.revoke(&["write", "../notes/plan"]).says("cannot be taken back").ends_with(125);
    live.grant(&["write", "../notes/plan"]).ok();
    live.grant(&["read", "../notes"]).says("lies in it").ends_with(125);
    live.end().ok();
}

#[test]
fn a_file_that_is_open_for_writing_is_told_of() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    live.grant(&["write", "../notes"]).ok();
    live.says("(exec 3>> ~/notes/plan; touch open; while test ! -e over; do sleep 0.1; done) > /dev/null 2>&1 &");
    assert!(eventually(|| live.in_project("open").exists()));
    live.revoke(&["write", "../notes"]).says("has a file open there for writing").ok();
    live.end().ok();
}

#[test]
fn a_variable_is_known_to_every_bash_that_starts_from_then_on() {
    let desk = Desk::new();
    let live = Live::new(&desk, &[]);
    let grant = || desk.pinfold(["grant", "last", "env", "API_URL"]);
    grant().run().says("there is no variable API_URL here").ends_with(125);
    grant()
        .variable("API_URL", "it's here $(touch no)")
        .run()
        .says("may know API_URL")
        .says("each bash that starts inside from now on")
        .ok();
    assert_eq!(
        live.says("echo \"$API_URL\"; python3 -c 'import os; print(os.environ[\"API_URL\"])'"),
        "it's here $(touch no)\nit's here $(touch no)"
    );
    live.revoke(&["env", "API_URL"]).ok();
    assert_eq!(live.says("echo \"<$API_URL>\""), "<>");
    live.end().ok();
    assert!(!desk.events(&[]).iter().any(|event| event.to_string().contains("it's here")), "values are not recorded");
}

#[test]
fn the_value_of_a_secret_does_not_come_in_by_a_grant() {
    let desk = Desk::new();
    let policy = "[network]\nmode = 'rules'\n[secrets.api]\nfrom = { env = 'API_KEY' }\nhosts = ['a.example']\nin = 'header:X'\n";
    desk.write("home/.config/pinfold/policy.toml", policy);
    let run = desk.pinfold(["run", "--", "/bin/bash", "-c", SERVANT]).variable("API_KEY", "the value");
    let live = Live::start(&desk, run);
    let grant = desk.pinfold(["grant", "last", "env", "API_KEY"]).variable("API_KEY", "the value");
    grant.run().says("it is the secret `api`").ends_with(125);
    live.end().ok();
}

#[test]
fn a_host_is_reached_and_no_longer_when_it_is_taken_back() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "fetch() { curl -sS -m 20 http://api.example.com/ 2>&1; echo; }
        fetch > first; touch ready; until test -e granted; do sleep 0.05; done; fetch > second
        curl -sS -N -m 60 http://api.example.com/slow > slow 2>&1 & touch loading
        until test -e revoked; do sleep 0.05; done; fetch > third; wait";
    let run = format!(
        "pinfold run --network rules -- /bin/bash -c '{script}' & until test -e ready; do sleep 0.05; done
        pinfold grant last connect api.example.com:80 --for 1h && touch granted
        until test -s second; do sleep 0.05; done
        pinfold revoke last connect api.example.com:80 && touch revoked; wait"
    );
    traveller.call(&["/bin/bash", "-c", &run]).deadline(Duration::from_secs(90)).run().ok();
    let [first, second, third] =
        ["first", "second", "third"].map(|name| traveller.0.read(format!("home/project/{name}")));
    assert!(first.contains("Could not resolve") && third.contains("Could not resolve"), "{first} {third}");
    assert_eq!(second.trim(), "api says hello");
}

#[test]
fn a_refused_host_is_granted_by_one_key() {
    let Some(traveller) = ask::traveller() else { return };
    let screen = ask::terminal(&traveller);
    let script = "until curl -sS -m 20 http://api.example.com/; do sleep 0.2; done";
    screen.line(&format!("pinfold run --network rules -- bash -c '{script}' < /dev/null > said 2> complained & clear"));
    screen.line("clear; pinfold watch");
    screen.shows("\n1  ");
    screen.shows("connect api.example.com: it was refused, as no rule names it");
    std::thread::sleep(Duration::from_millis(700));
    screen.text("1");
    screen.shows("granted     connect api.example.com");
    screen.text("q");
    let said = || std::fs::read_to_string(traveller.0.workspace().join("said")).unwrap_or_default();
    assert!(eventually(|| said().contains("api says hello")), "{}", screen.shown());
}

/// Watches a script that is traced.
fn watch_traced(screen: &Screen<'_>, script: &str) {
    screen.line(&format!("pinfold trace -- bash -c '{script}' < /dev/null > said 2> complained & clear"));
    screen.line("clear; pinfold watch");
}

#[test]
fn refused_paths_of_a_traced_run_are_granted_by_one_key() {
    if lacks("tmux") {
        return;
    }
    let desk = with_notes();
    desk.write("home/.ssh/id", "secret");
    desk.make(&desk.path("home/out"));
    let screen = Screen::new(&desk);
    let script =
        "until cat ~/notes/plan; do cat ~/.ssh/id; sleep 0.2; done; until echo new > ~/out/new; do sleep 0.2; done";
    watch_traced(&screen, script);
    screen.shows("\n1  ");
    screen.shows("read ~/notes/plan: it was refused to `cat`");
    std::thread::sleep(Duration::from_millis(700));
    let before = screen.shown();
    assert!(!before.contains("\n2  "), "a denial is not undone by a key: {before}");
    screen.text("1");
    screen.shows("granted     read ~/notes/plan");
    screen.shows("write ~/out: ~/out/new was refused to `bash`");
    std::thread::sleep(Duration::from_millis(700));
    screen.text("1");
    assert!(eventually(|| desk.path("home/out/new").exists()), "{}", screen.shown());
    screen.text("q");
    assert_eq!(desk.read("home/project/said"), desk.read("home/notes/plan"));
}

#[test]
fn no_key_is_offered_for_what_would_be_refused() {
    if lacks("tmux") {
        return;
    }
    let desk = with_notes();
    desk.outside("mkdir -p ~/.config/pinfold; touch ~/.config/pinfold/policy.toml").ok();
    let screen = Screen::new(&desk);
    let refused =
        "echo x > /etc/x; echo x > /usr/share/x; echo x > ~/.config/new; echo x > ~/.config/pinfold/policy.toml";
    let script = format!(
        "ls ~/.local/state/pinfold/ledger; {refused}; until test -e over; do cat ~/notes/plan; sleep 0.2; done"
    );
    watch_traced(&screen, &script);
    screen.shows("read ~/notes/plan: it was refused");
    let shown = screen.shown();
    desk.write("home/project/over", "");
    assert!(shown.contains("\n1  ") && !shown.contains("\n2  "), "{shown}");
}

#[test]
fn a_key_gives_the_very_place_that_was_shown() {
    if lacks("tmux") {
        return;
    }
    let desk = with_notes();
    desk.write("home/private/plan", "nobody was asked about this");
    let screen = Screen::new(&desk);
    let script = "until test -e over; do cat ~/notes/plan ~/private/plan; sleep 0.2; done 2>/dev/null";
    watch_traced(&screen, script);
    screen.shows("read ~/notes/plan: it was refused");
    // Whoever may write there, such as another run, exchanges it before the key is pressed.
    desk.outside("rm ~/notes/plan; ln -s ~/private/plan ~/notes/plan; sleep 0.7").ok();
    screen.text("1");
    screen.shows("leads elsewhere by now");
    desk.write("home/project/over", "");
    screen.text("q");
    assert_eq!(desk.read("home/project/said"), "");
}

#[test]
fn what_cannot_be_granted_is_refused_with_a_reason() {
    let desk = with_notes();
    desk.write("home/.ssh/id", "secret");
    desk.pinfold(["grant", "last", "read", ".."]).run().says("no run is going on").ends_with(125);
    let live = Live::new(&desk, &[]);
    let refused = |words: &[&str], why: &str| drop(live.grant(words).says(why).ends_with(125));
    refused(&["read", "../.ssh"], "a denied path is hidden");
    refused(&["read", "../missing"], "it does not exist");
    refused(&["write", ".."], "which the run has already");
    refused(&["read", "../.local/state/pinfold/ledger"], "the key that signs them");
    refused(&["write", "../.local/state/pinfold"], "pinfold's own");
    refused(&["write", "../.config"], "it does not exist");
    desk.write("home/.config/pinfold/policy.toml", "");
    refused(&["write", "../.config"], "would be writable inside");
    refused(&["write", "/usr/share"], "Landlock");
    refused(&["connect", "a.example"], "the network of this run is off");
    desk.outside("ln -s ../notes link").ok();
    refused(&["read", "link"], "which a run could have made");
    refused(&["read", "."], "which the run has already");
    refused(&["write", "README"], "of which the policy says");
    let odd = desk.pinfold(["grant", "last", "env", "A-B"]).variable("A-B", "x");
    odd.run().says("no shell could be told").ends_with(125);
    refused(&["read", "../notes", "--for", "soon"], "is not a duration");
    live.revoke(&["read", "../notes"]).says("cannot be taken back").ends_with(125);
    desk.pinfold(["grant", "ffff", "read", "../notes"]).run().says("no live run is called").ends_with(125);
    live.end().ok();
    assert!(desk.events(&["--kind", "grant"]).iter().all(|event| event["allow"] == false));
}

#[test]
fn whoever_watches_is_told_of_grants() {
    let desk = with_notes();
    let live = Live::new(&desk, &[]);
    desk.write("home/told", "");
    let watch = desk.call("/bin/bash").arguments(["-c", "exec pinfold watch > ../told"]).start();
    live.grant(&["read", "../notes", "--for", "1h"]).ok();
    live.revoke(&["read", "../notes"]).ok();
    let notes = desk.path("home/notes");
    let is_told = |words: String| eventually(|| desk.read("home/told").contains(&words));
    assert!(is_told(format!("granted     read {}, for 3600 s", notes.display())), "{}", desk.read("home/told"));
    assert!(is_told(format!("revoked     read {}", notes.display())), "{}", desk.read("home/told"));
    watch.signal(Signal::TERM);
    watch.wait();
    live.end().ok();
}
