//! What the ledger has of runs, and what it makes of those who change it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use pinfold_tests::eventually;
use rustix::process::Signal;

use crate::desk::Desk;

const LEDGER: &str = "home/.local/state/pinfold/ledger";

fn log(desk: &Desk, arguments: &[&str]) -> String {
    desk.pinfold(["log"]).arguments(arguments).run().ok()
}

/// The only segment of the only session.
fn segment(desk: &Desk) -> PathBuf {
    let sessions = std::fs::read_dir(desk.path(LEDGER).join("sessions")).expect("sessions");
    let session = sessions.flatten().next().expect("a session").path();
    session.join("0")
}

#[test]
fn a_run_is_found_with_its_command_its_agent_and_its_end() {
    let desk = Desk::new();
    desk.inside_with(&["--agent", "robbie"], "exit 3").ends_with(3);
    desk.pinfold(["run", "--", "true"]).variable("CLAUDECODE", "1").run().ok();
    let list = log(&desk, &[]);
    let (first, last) = list.split_once('\n').expect("two runs");
    assert!(first.contains("exit 3") && first.contains("robbie: /bin/bash -c 'exit 3'"), "{list}");
    assert!(last.contains("exit 0") && last.contains("claude: true"), "{list}");
    let run = first.split(' ').next().expect("a name");
    let events = log(&desk, &[&run[..6]]);
    assert!(events.contains("start ") && events.contains("profile workspace") && events.contains("end "), "{events}");
    assert_eq!(log(&desk, &["--agent", "robbie"]).lines().count(), 1);
    let json = log(&desk, &["last", "--json"]);
    assert!(json.lines().next().is_some_and(|line| line.contains(r#""kind":"start""#)), "{json}");
}

#[test]
fn what_was_quarantined_is_in_the_ledger() {
    let desk = Desk::new();
    desk.inside("mkdir .claude; echo x > .claude/settings.json").ok();
    let found = log(&desk, &["--kind", "quarantined"]);
    assert!(found.contains(".claude appeared"), "{found}");
}

#[test]
fn a_changed_ledger_is_found_out() {
    let desk = Desk::new();
    desk.inside("true").ok();
    assert!(log(&desk, &["verify"]).starts_with("whole: 1 runs"));
    let path = segment(&desk);
    let text = std::fs::read_to_string(&path).expect("a log");
    std::fs::write(&path, text.replace("profile\":\"workspace", "profile\":\"w0rkspace")).expect("written");
    let ended = desk.pinfold(["log", "verify"]).run().ends_with(1);
    assert!(ended.text().contains("FLAWED") && ended.text().contains("event 0"), "{ended}");
}

#[test]
fn an_old_ledger_put_back_is_found_out_by_a_checkpoint_kept_elsewhere() {
    let desk = Desk::new();
    desk.inside("true").ok();
    desk.outside("cp -a ~/.local/state/pinfold/ledger ~/old").ok();
    desk.inside("echo what must not be known").ok();
    desk.outside("pinfold log checkpoint > ~/kept").ok();
    desk.pinfold(["log", "verify", "--against"]).arguments([desk.path("home/kept")]).run().ok();
    desk.outside("rm -r ~/.local/state/pinfold/ledger && mv ~/old ~/.local/state/pinfold/ledger").ok();
    assert!(log(&desk, &["verify"]).starts_with("whole: 1 runs"), "without the checkpoint nothing is wrong");
    desk.pinfold(["log", "verify", "--against"]).arguments([desk.path("home/kept")]).run().ends_with(1);
}

#[test]
fn an_event_is_proven_to_somebody_who_has_nothing_but_the_key() {
    let desk = Desk::new();
    desk.inside("true").ok();
    desk.outside("pinfold log prove last 0 > ~/proof && cp ~/.local/state/pinfold/ledger/key.pub ~/key").ok();
    desk.outside("rm -r ~/.local/state/pinfold/ledger").ok();
    let check = ["log", "check", "../proof", "--key", "../key"];
    assert!(desk.pinfold(check).run().ok().starts_with("proven: "));
    let forged = desk.read("home/proof").replace("workspace", "w0rkspace");
    desk.write("home/proof", forged);
    desk.pinfold(check).run().ends_with(1);
}

#[test]
fn a_killed_run_is_broken_off_and_the_ledger_whole() {
    let desk = Desk::new();
    let running = desk.pinfold(["run", "--", "sleep", "60"]).start();
    assert!(eventually(|| log(&desk, &[]).contains("sleep 60")));
    assert!(log(&desk, &[]).contains("running"));
    running.signal(Signal::KILL);
    running.wait();
    assert!(eventually(|| log(&desk, &[]).contains("broken off")));
    let verified = log(&desk, &["verify"]);
    assert!(verified.contains("whole: 1 runs") && verified.contains("was broken off"), "{verified}");
}

#[test]
fn nothing_inside_reaches_the_ledger() {
    let desk = Desk::new();
    desk.inside("true").ok();
    let key = || std::fs::read(desk.path(LEDGER).join("key")).expect("a key");
    let before = key();
    desk.inside("test ! -e ~/.local/state/pinfold").ok();
    desk.inside("mkdir -p ~/.local/state/pinfold/ledger && echo x > ~/.local/state/pinfold/ledger/key");
    assert!(key() == before);
    assert!(log(&desk, &["verify"]).starts_with("whole: "));
}

#[test]
fn a_run_that_must_be_recorded_does_not_start_without_a_ledger() {
    let desk = Desk::new();
    desk.inside("true").ok();
    // The key of the ledger can be read by others, and so is no key any more.
    std::fs::set_permissions(desk.path(LEDGER).join("key"), Permissions::from_mode(0o644)).expect("a mode");
    desk.inside("touch ran").ok();
    assert!(desk.workspace().join("ran").exists(), "without the rule it runs");
    desk.inside("true").says("not recorded");
    desk.write("home/.config/pinfold/policy.toml", "[ledger]\nrequired = true\n");
    let ended = desk.inside("touch ran-again").ends_with(125);
    ended.says("ledger.required").says("policy.toml:2");
    assert!(!desk.workspace().join("ran-again").exists());
}

#[test]
fn records_go_when_the_policy_says_so_and_the_ledger_stays_whole() {
    let desk = Desk::new();
    desk.inside("true").ok();
    desk.write("home/.config/pinfold/policy.toml", "[ledger]\nkeep = '1ms'\n");
    desk.inside("echo second").ok();
    assert_eq!(log(&desk, &[]).matches("pruned").count(), 0, "once a day is enough");
    desk.outside("rm ~/.local/state/pinfold/ledger/kept").ok();
    desk.inside("echo third").ok();
    assert!(log(&desk, &[]).matches("pruned").count() >= 2);
    let verified = log(&desk, &["verify"]);
    assert!(verified.contains("was pruned") && verified.contains("whole: "), "{verified}");
}

#[test]
fn a_quiet_run_says_nothing_about_what_was_refused() {
    let desk = Desk::new();
    let flags = |more: &'static [&str]| [&["--allow-host", "a.example"], more].concat();
    let script = "getent hosts b.example; true";
    desk.inside_with(&flags(&[]), script).says("refused: b.example");
    assert_eq!(desk.inside_with(&flags(&["--quiet"]), script).stderr, "");
    assert!(log(&desk, &["last", "--verdict", "refused"]).contains("b.example"));
}

#[test]
fn files_that_a_run_changes_are_recorded_and_traps_among_them_told() {
    let desk = Desk::new();
    desk.write("home/project/old", "old\n");
    let script = "echo new > new; echo more >> old; rm README; mkdir -p .github/workflows; echo on: push > .github/workflows/ci.yml";
    let ended = desk.inside(script);
    let ended = ended.says("trap: ").says(".github/workflows/ci.yml would run at the next push");
    assert!(!ended.stderr.contains("changed"), "people at a terminal are told of the rest: {ended}");
    let changes = log(&desk, &["last", "--kind", "change"]);
    for change in ["created     ", "project/new, 4 bytes", "modified    ", "project/old, 9 bytes", "deleted     "] {
        assert!(changes.contains(change), "{change}: {changes}");
    }
    assert!(log(&desk, &["last", "--kind", "trap"]).contains("medium: "));
}

#[test]
fn a_run_that_builds_raises_no_alarm() {
    let desk = Desk::new();
    desk.write("home/project/Makefile", "all: out.txt\nout.txt: README\n\tcp README out.txt\n");
    desk.outside("git add -A && git commit --quiet --message second").ok();
    desk.inside("make && git add -A && git commit --quiet --message third").says_nothing().ok();
}

#[test]
fn credentials_do_not_reach_the_disk() {
    let desk = Desk::new();
    let token = format!("ghp_{}", "0123456789abcdefghij0123456789abcdef");
    assert_eq!(desk.inside(&format!("/bin/echo {token}")).ok(), token);
    let events = log(&desk, &["last"]);
    assert!(events.contains("[redacted:") && !events.contains(&token), "{events}");
    let found = desk.outside(&format!("grep -r {token} ~/.local/state/pinfold; true")).ok();
    assert_eq!(found, "");
}

#[test]
fn the_record_is_exported_asked_and_shown() {
    let desk = Desk::new();
    desk.inside("/bin/true").ok();
    let table = desk.pinfold(["log", "export", "--format", "csv"]).run().ok();
    assert!(table.starts_with("time,session,seq,kind"), "{table}");
    let ocsf = desk.pinfold(["log", "export", "last", "--format", "ocsf", "--kind", "exec"]).run().ok();
    assert!(ocsf.lines().count() == 2 && ocsf.contains(r#""class_uid":1007"#), "{ocsf}");
    let question = "select count(*) from events where kind = 'exec'";
    assert!(desk.pinfold(["log", "query", question, "--format", "csv"]).run().ok().ends_with('2'));
    desk.pinfold(["log", "query", "delete from events"]).run().ends_with(125).says("may not be modified");
    desk.pinfold(["log", "export", "--format", "otlp"]).run().ends_with(125).says("--to");
    let page = desk.pinfold(["report"]).run().ok();
    let page = desk.read(desk.workspace().join(page));
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("/bin/true"), "{}", &page[..200]);
}

#[test]
fn what_is_trusted_and_what_git_was_refused_is_recorded() {
    let desk = Desk::new();
    desk.write("home/project/pinfold.toml", "files.deny = ['private/']\n");
    desk.pinfold(["trust"]).run().ok();
    assert!(log(&desk, &["last", "--kind", "trust"]).contains("project/pinfold.toml by "));
    desk.pinfold(["run", "--", "git", "config", "x.y", "z"]).run().says("git could not change");
    let refused = log(&desk, &["last", "--verdict", "refused"]);
    assert!(refused.contains("write ") && refused.contains(".git/config: "), "{refused}");
}

#[test]
fn programs_are_not_recorded_where_the_policy_says_so() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "[ledger]\nprograms = false\n");
    desk.inside("/bin/true").ok();
    assert_eq!(log(&desk, &["last", "--kind", "exec"]), "");
    assert!(log(&desk, &["last", "--kind", "start"]).contains("/bin/true"));
}
