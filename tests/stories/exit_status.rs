//! What the caller learns: codes and signals go through in both directions.

use std::time::Duration;

use rustix::process::Signal;

use crate::desk::Desk;

#[test]
fn the_exit_code_is_the_commands_own() {
    let desk = Desk::new();
    for code in [0, 1, 3, 125, 255] {
        desk.inside(&format!("exit {code}")).ends_with(code);
    }
}

#[test]
fn a_signal_that_ends_the_command_is_told_as_a_shell_does() {
    let desk = Desk::new();
    for (signal, code) in [("TERM", 143), ("KILL", 137), ("INT", 130), ("SEGV", 139), ("PIPE", 141)] {
        desk.inside(&format!("kill -{signal} $$")).ends_with(code);
    }
}

#[test]
fn the_wall_clock_limit_ends_with_124_and_says_so() {
    let desk = Desk::new();
    let ended = desk.inside_with(&["--limit", "wall-time=1s"], "sleep 30").ends_with(124).says("limits.wall-time");
    assert!(ended.took < Duration::from_secs(25), "{ended}");
}

#[test]
fn a_program_that_is_not_there_is_127_and_one_that_cannot_be_executed_126() {
    let desk = Desk::new();
    for name in ["no-such-program", "./no-such-program"] {
        desk.pinfold(["run", "--", name]).run().ends_with(127).says(name);
    }
    for name in ["./README", "/"] {
        desk.pinfold(["run", "--", name]).run().ends_with(126).says(name);
    }
}

#[test]
fn a_program_that_is_only_outside_is_named_with_a_way_to_let_it_in() {
    let desk = Desk::new();
    desk.script("home/tools/greet", "#!/bin/sh\necho hello\n");
    let path = desk.path("home/tools").into_os_string().into_string().expect("a plain path") + ":/usr/bin:/bin";
    let ended = desk.pinfold(["run", "--", "greet"]).variable("PATH", &path).run();
    ended.ends_with(127).says("--read ~/tools/greet");
    let flags = ["run", "--read", "~/tools/greet", "--", "greet"];
    assert_eq!(desk.pinfold(flags).variable("PATH", &path).run().ok(), "hello");
}

#[test]
fn a_script_without_an_interpreter_line_runs_as_in_a_shell() {
    let desk = Desk::new();
    desk.script("home/project/plain", "echo plain\n");
    assert_eq!(desk.pinfold(["run", "--", "./plain"]).run().ok(), "plain");
}

#[test]
fn when_the_policy_is_wrong_the_command_never_runs() {
    let desk = Desk::new();
    desk.write("home/wrong.toml", "\n[files]\nwirte = [\"/x\"]\n");
    let ended = desk.inside_with(&["--policy", "../wrong.toml"], "touch ran").ends_with(125);
    ended.says("wrong.toml:3:1: unknown key `wirte`").says("`write`");
    for flags in [
        ["--policy", "../missing.toml"],
        ["--profile", "strict"],
        ["--limit", "memory=lots"],
        ["--limit", "mem=1GiB"],
        ["--network", "some"],
        ["--read", "/no/such/place"],
    ] {
        desk.inside_with(&flags, "touch ran").ends_with(125).says("error: ");
    }
    assert!(!desk.path("home/project/ran").exists());
}

#[test]
fn a_mistyped_flag_is_not_taken_for_the_command() {
    let desk = Desk::new();
    for flags in [["--profle", "read-only"], ["--writ", ".."]] {
        desk.inside_with(&flags, "touch ran").ends_with(125).says(flags[0]).says("--help");
    }
}

#[test]
fn signals_reach_the_command() {
    let desk = Desk::new();
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT"), (Signal::HUP, "HUP"), (Signal::USR1, "USR1")] {
        let script = format!("trap 'echo got; exit 7' {name}; touch ready; while :; do sleep 0.05; done");
        let running = desk.pinfold(["run", "--", "/bin/bash", "-c", &script]).start();
        wait_for(&desk, "ready");
        running.signal(signal);
        let ended = running.wait().ends_with(7);
        assert_eq!(ended.text(), "got", "{name}");
    }
}

#[test]
fn a_signal_that_the_command_does_not_handle_ends_it() {
    let desk = Desk::new();
    let running = desk.pinfold(["run", "--", "/bin/bash", "-c", "touch ready; sleep 30"]).start();
    wait_for(&desk, "ready");
    running.signal(Signal::TERM);
    let ended = running.wait().ends_with(143);
    assert!(ended.took < Duration::from_secs(25), "{ended}");
}

#[test]
fn a_run_under_timeout_ends_in_time() {
    let desk = Desk::new();
    let ended = desk.outside("timeout 1 pinfold run -- sleep 30").ends_with(124);
    assert!(ended.took < Duration::from_secs(25), "{ended}");
}

fn wait_for(desk: &Desk, name: &str) {
    let path = desk.workspace().join(name);
    assert!(pinfold_tests::eventually(|| path.exists()), "{name} never came");
    std::fs::remove_file(path).expect("the sign taken away");
}
