//! What doctor says of a host, of what killed runs left, and of a sandbox that is attacked.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};

use pinfold_tests::{eventually, skip};
use rustix::process::Signal;

use crate::desk::{Desk, Ended};

/// What a line of the self-test may begin with.
const OUTCOMES: [&str; 4] = ["kept ", "BROKEN ", "NOT KEPT ", "not tested "];

/// One self-test at a time, alone: others fill the disk meanwhile, or free it, and take the time that attackers need. Until nothing was in
/// their way.
fn self_test(desk: &Desk, flags: &[&str]) -> Ended {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let in_the_way =
        ["others made room on the disk", "too slow to be judged", "it did not begin", "does not come to an end"];
    let attack = || desk.pinfold(["doctor", "--attack"]).arguments(flags.iter().copied()).run();
    let is_disturbed = |ended: &Ended| {
        let said = ended.text() + &ended.stderr;
        in_the_way.iter().any(|disturbance| said.contains(disturbance))
    };
    std::iter::repeat_with(attack).take(5).find(|ended| !is_disturbed(ended)).expect("a self-test that nobody disturbs")
}

/// The lines of a self-test about promises, by how they begin.
fn outcomes<'a>(report: &'a str, outcome: &str) -> Vec<&'a str> {
    report.lines().filter(|line| line.starts_with(outcome)).collect()
}

#[test]
fn doctor_tries_a_run_and_says_what_is_kept_in_one_screen() {
    let desk = Desk::new();
    let said = desk.pinfold(["doctor"]).run().ok();
    assert!(said.contains("tried: a confined command ran") && said.contains("every promise is kept"), "{said}");
    assert!(said.lines().count() < 45 && said.is_ascii(), "{said}");
    let json = desk.pinfold(["doctor", "--json"]).run().ok();
    assert!(json.starts_with('{') && json.contains("\"kept\": true") && json.contains("\"landlock-abi\""), "{json}");
}

#[test]
fn doctor_in_the_home_describes_the_host_and_says_why_no_run_starts_there() {
    let desk = Desk::new();
    let ended = desk.pinfold(["doctor"]).directory("home").run().ends_with(1);
    let said = ended.text();
    assert!(said.contains("user namespaces") && said.contains("contains your home directory"), "{said}");
}

#[test]
fn every_promise_withstands_attacks_that_succeed_without_the_sandbox() {
    let desk = Desk::new();
    // So that no promise is without something to attack.
    desk.make(&desk.path("home/.cache/pip"));
    let all = ["--limit=cpu-time=1h", "--limit=wall-time=1h", "--limit=output=1GiB"];
    let report = self_test(&desk, &all).ok();
    let kept = outcomes(&report, "kept ").len();
    let promises = report.lines().filter(|line| OUTCOMES.iter().any(|outcome| line.starts_with(outcome))).count();
    assert!(kept == promises && kept >= 22, "{report}");
    let left: Vec<_> = std::fs::read_dir(desk.path("home/.local/state/pinfold"))
        .expect("the state")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("doctor-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_self_test_uses_the_policy_in_force() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "version = 1\n[network]\nmode = \"full\"\n");
    let report = self_test(&desk, &[]).ok();
    assert!(!report.contains("by the network") && report.contains("home/.config/pinfold/policy.toml"), "{report}");
    let report = self_test(&desk, &["--network", "off"]).ok();
    assert!(report.lines().any(|line| line.starts_with("kept ") && line.contains("by the network")), "{report}");
}

#[test]
fn without_a_sandbox_every_promise_is_reported_broken() {
    let desk = Desk::new();
    desk.make(&desk.path("home/.cache/pip"));
    let report = self_test(&desk, &["--unconfined"]).ends_with(1).text();
    assert!(outcomes(&report, "kept ").is_empty() && outcomes(&report, "not tested ").is_empty(), "{report}");
    assert!(outcomes(&report, "BROKEN ").len() >= 19, "{report}");
}

#[test]
fn without_user_namespaces_what_cannot_be_kept_is_not_called_kept() {
    let desk = Desk::new();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec pinfold doctor --attack";
    let call = desk.call("/usr/bin/unshare").arguments(["--user", "--map-root-user", "/bin/sh", "-c", script]);
    let ended = call.run();
    if ended.stderr.contains("unshare failed") {
        return skip("this host has no user namespaces to take away");
    }
    let report = ended.ends_with(1).text();
    let not_kept = outcomes(&report, "NOT KEPT ").join("\n");
    for promise in ["outside the writable paths", "denied files", "hooks, git configuration", "survives"] {
        assert!(not_kept.contains(promise), "{promise}: {report}");
    }
    assert!(report.contains("the mode of a file outside was changed"), "{report}");
    assert!(outcomes(&report, "BROKEN ").is_empty(), "{report}");
}

#[test]
fn an_interrupted_self_test_removes_what_it_made() {
    let desk = Desk::new();
    let made = || {
        let state = std::fs::read_dir(desk.path("home/.local/state/pinfold")).into_iter().flatten().flatten();
        state.filter(|entry| entry.file_name().to_string_lossy().starts_with("doctor-")).count()
    };
    let running = desk.pinfold(["doctor", "--attack"]).start();
    assert!(eventually(|| made() > 0));
    running.signal(Signal::INT);
    let ended = running.wait();
    assert!([0, 125].contains(&ended.code()), "{ended}");
    assert_eq!(made(), 0);
}

#[test]
fn clean_removes_what_is_kept_for_workspaces_that_are_gone_and_nothing_else() {
    let desk = Desk::new();
    desk.inside("echo mine > ~/kept").ok();
    desk.make(&desk.path("home/gone"));
    desk.pinfold(["run", "--", "sh", "-c", "echo x > ~/lost"]).directory("home/gone").run().ok();
    let closed = places(&desk).find(|place| place.join("home/lost").exists()).expect("a private home").join("closed");
    std::fs::create_dir(&closed).expect("a directory");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    desk.user.own(&closed);
    desk.outside("rm -r ../gone").ok();
    let said = desk.pinfold(["doctor"]).run().ok();
    assert!(said.contains("1 workspace that does not exist any more"), "{said}");
    let said = desk.pinfold(["doctor", "--clean"]).run().ok();
    assert!(said.contains("removed ") && said.contains("home/gone") && said.contains("freed"), "{said}");
    assert!(!places(&desk).any(|place| place.join("home/lost").exists()));
    assert_eq!(desk.inside("cat ~/kept").ok(), "mine");
    assert_eq!(desk.pinfold(["doctor", "--clean"]).run().ok(), "0 interrupted runs, nothing to clean");
}

/// What is kept for each workspace.
fn places(desk: &Desk) -> impl Iterator<Item = std::path::PathBuf> {
    let entries = std::fs::read_dir(desk.path("home/.local/state/pinfold/workspaces")).expect("the workspaces");
    entries.flatten().map(|entry| entry.path())
}
