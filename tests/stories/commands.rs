//! The other commands, and the help that names them.

use rustix::process::Signal;

use crate::desk::Desk;

#[test]
fn every_command_has_help_and_every_flag_a_sentence() {
    let desk = Desk::new();
    let help = desk.pinfold(["--help"]).run().ok();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 6, "{help}");
    for name in names.iter().filter(|name| **name != "help") {
        let text = desk.pinfold([name, "--help"]).run().ok();
        assert!(text.contains("Usage: pinfold"), "{text}");
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let alone = line.starts_with("--") && !line.contains("  ");
            assert!(!alone || lines.peek().is_some_and(|next| !next.is_empty()), "{name}: {line}");
        }
    }
}

#[test]
fn a_mistyped_command_is_refused_with_a_suggestion_of_help() {
    let desk = Desk::new();
    desk.pinfold(["rnu"]).run().ends_with(125).says("rnu");
    desk.pinfold(["run"]).run().ends_with(125).says("CMD");
    assert!(desk.pinfold(["--version"]).run().ok().starts_with("pinfold "));
}

#[test]
fn completions_are_scripts_that_shells_take() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(desk.pinfold(["completions", shell]).run().ok().contains("pinfold"), "{shell}");
    }
    desk.outside("source <(pinfold completions bash) && complete -p pinfold").ok();
}

#[test]
fn the_plan_names_what_is_visible_and_writable() {
    let desk = Desk::new();
    let plan = desk.pinfold(["plan"]).run().ok();
    let workspace = desk.workspace();
    for words in [
        format!("writable       {}", workspace.display()),
        format!("protected      {}/.git/config", workspace.display()),
    ] {
        assert!(plan.contains(&words), "{words}: {plan}");
    }
    let json = desk.pinfold(["plan", "--json"]).run().ok();
    assert!(json.starts_with('{') && json.contains("\"assurance\""), "{json}");
}

#[test]
fn the_plan_is_the_same_each_time() {
    let desk = Desk::new();
    let plan = || desk.pinfold(["plan", "--json"]).run().ok();
    assert_eq!(plan(), plan());
}

#[test]
fn the_doctor_finds_every_promise_kept_where_runs_start() {
    let desk = Desk::new();
    let doctor = desk.pinfold(["doctor"]).run();
    assert_eq!(doctor.code() == 0, desk.inside("true").code() == 0, "{doctor}");
}

#[test]
fn the_doctor_repairs_what_a_killed_run_left() {
    let desk = Desk::new();
    let script = "touch ready; mkdir .vscode; sleep 30";
    let running = desk.pinfold(["run", "--", "bash", "-c", script]).start();
    assert!(pinfold_tests::eventually(|| desk.path("home/project/ready").exists()));
    running.signal(Signal::KILL);
    running.wait().ends_with(137);
    desk.pinfold(["doctor", "--clean"]).run().ok();
    assert!(!desk.path("home/project/.vscode").exists());
    assert!(desk.pinfold(["doctor", "--clean"]).run().ok().contains("0 interrupted"), "once is enough");
    desk.inside("true").ok();
}

#[test]
fn the_doctor_attacks_for_real() {
    let desk = Desk::new();
    let attacked = desk.pinfold(["doctor", "--attack"]).run();
    let plain = desk.pinfold(["doctor"]).run().text();
    assert_ne!(attacked.text(), plain, "nothing was attacked");
}

#[test]
fn what_appears_under_a_protected_name_is_quarantined_and_reported() {
    let desk = Desk::new();
    let script = "mkdir .vscode; echo '{}' > .vscode/tasks.json; echo x > .envrc; \
                  while [ -e .vscode -o -e .envrc ]; do sleep 0.1; done; ls -A";
    let ended = desk.inside(script);
    let ended = ended.says(".vscode").says(".envrc").says("quarantine");
    assert_eq!(ended.text(), ".git\nREADME");
    assert_eq!(desk.outside("ls -A; git status --porcelain").ok(), ".git\nREADME");
}

#[test]
fn a_summary_of_the_run_is_one_line_of_json() {
    let desk = Desk::new();
    let ended = desk.inside_with(&["--json"], "exit 3").ends_with(3);
    let line = ended.stderr.lines().last().expect("a line");
    assert!(line.starts_with("{\"session\":") && line.contains("\"exit-code\":3"), "{line}");
}
