//! What a run says to its user when something is not as he would expect, and what it leaves unsaid.

use std::time::Duration;

use rustix::process::Signal;

use crate::desk::{Desk, lacks};

/// Where the private home of the project is.
fn private_home(desk: &Desk) -> std::path::PathBuf {
    let workspaces = std::fs::read_dir(desk.path("home/.local/state/pinfold/workspaces")).expect("workspaces");
    let mut homes = workspaces.flatten().map(|entry| entry.path()).filter(|path| path.join("home").exists());
    homes.next().expect("a private home").join("home")
}

#[test]
fn a_file_that_is_only_in_the_private_home_is_told_once() {
    let desk = Desk::new();
    let ended = desk.inside("echo x > ~/notes.txt; mkdir ~/.tool; echo x > ~/.toolrc");
    let home = private_home(&desk);
    let line = format!("pinfold: not in your home but in the run's own, {}: notes.txt\n", home.display());
    assert_eq!(ended.stderr, line, "{ended}");
    assert_eq!(std::fs::read_to_string(home.join("notes.txt")).expect("the notes"), "x\n");
    desk.inside("echo y >> ~/notes.txt").says_nothing().ok();
    desk.inside("touch ~/a ~/b ~/c ~/d ~/e ~/f").says(": a, b, c, d, e, …\n").ok();
    let json = desk.pinfold(["run", "--json", "--", "sh", "-c", "touch ~/later"]).run();
    assert!(json.stderr.contains("\"in-home\":[\"later\"]"), "{json}");
}

#[test]
fn what_is_shown_of_the_real_home_leaves_nothing_in_the_private_one() {
    let desk = Desk::new();
    desk.write("home/bin/tool", "");
    desk.write("home/library/file", "");
    desk.inside_with(&["--read", "../bin", "--read", "../library/file"], "ls ~/bin ~/library").says_nothing().ok();
    assert_eq!(desk.inside("ls ~").ok(), "project");
    // As long as another run lives, its places stay.
    let long = desk.pinfold(["run", "--read", "../bin", "--", "sh", "-c", "sleep 1; ls ~/bin"]).start();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(desk.inside("cat README").ok(), "a project");
    assert_eq!(long.wait().ok(), "tool");
    let left = std::fs::read_dir(private_home(&desk)).expect("the private home").flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| !name.as_encoded_bytes().starts_with(b".")).collect();
    // The workspace's own, which every run is shown.
    assert_eq!(left, ["project"]);
}

#[test]
fn what_a_run_puts_on_the_way_to_a_mount_leads_nobody_astray() {
    let desk = Desk::new();
    desk.write("home/group/inner/file", "");
    desk.make(&desk.path("home/precious/inner"));
    let script = format!("cd ~ && mv group moved && ln -s {} group", desk.path("home/precious").display());
    desk.inside_with(&["--read", "../group/inner"], &script).ok();
    desk.inside_with(&["--read", "../group/inner"], "true").ok();
    assert!(desk.path("home/precious/inner").exists());
}

#[test]
fn the_directory_is_called_what_the_user_calls_it() {
    let desk = Desk::new();
    desk.outside("ln -s project ../short; mkdir sub").ok();
    let short = desk.path("home/short");
    let pwd = |directory: &str, spelled: &std::path::Path| {
        let call = desk.pinfold(["run", "--", "/bin/sh", "-c", "printenv PWD; pwd"]).directory(directory);
        call.variable("PWD", spelled).run().says_nothing().ok()
    };
    let twice = |path: &std::path::Path| format!("{0}\n{0}", path.display());
    assert_eq!(pwd("home/project", &short), twice(&short));
    assert_eq!(pwd("home/project/sub", &short.join("sub")), twice(&short.join("sub")));
    assert_eq!(pwd("home/project", &desk.path("home")), twice(&desk.workspace()));
}

#[test]
fn what_only_a_shell_understands_is_told_apart() {
    let desk = Desk::new();
    let run = |command: &[&str]| desk.pinfold(["run", "--"]).arguments(command).run().ends_with(127);
    run(&["cd", "/tmp"]).says("pinfold run -- sh -c 'cd /tmp'");
    run(&["ls -la | head"]).says("pinfold run -- sh -c 'ls -la | head'");
    let ended = run(&["no-such-program"]);
    assert!(!ended.stderr.contains("shell"), "{ended}");
}

#[test]
fn a_failure_without_network_says_that_it_is_off() {
    let desk = Desk::new();
    if lacks("python3") {
        return;
    }
    let words = "looked for the network, which is off";
    let connect = "python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)' 2>/dev/null";
    desk.inside(connect).ends_with(1).says(words).says("--network full");
    desk.inside(&format!("{connect} || true")).says_nothing().ok();
    desk.inside("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 9))' 2>/dev/null")
        .says_nothing()
        .ends_with(1);
}

#[test]
fn the_command_that_puts_something_back_does() {
    let desk = Desk::new();
    let put_back = |ended: &crate::desk::Ended| {
        let hint = ended.stderr.lines().find_map(|line| line.split_once(": mv ")).expect("a hint").1;
        desk.outside(&format!("mv {hint}")).ok();
    };
    let ended = desk
        .inside("mkdir -p 'a b/.vscode'; echo 1 > 'a b/.vscode/tasks.json'")
        .says("tasks and settings that the editor runs");
    assert!(!desk.path("home/project/a b/.vscode").exists(), "{ended}");
    put_back(&ended);
    assert_eq!(desk.read("home/project/a b/.vscode/tasks.json"), "1\n");
    // A run that nobody saw the end of: the user's own things look like its.
    let run = desk.pinfold(["run", "--", "sh", "-c", "touch begun; sleep 20"]).start();
    assert!(pinfold_tests::eventually(|| desk.path("home/project/begun").exists()));
    desk.outside("rm begun").ok();
    run.signal(Signal::KILL);
    run.wait().ends_with(128 + 9);
    desk.write("home/project/.envrc", "mine\n");
    let next = desk.inside("true").says("or yours if you made it since");
    assert!(!desk.path("home/project/.envrc").exists(), "{next}");
    put_back(&next);
    assert_eq!(desk.read("home/project/.envrc"), "mine\n");
    desk.inside("true").says_nothing().ok();
}

#[test]
fn small_mistakes_are_answered_with_what_helps() {
    let desk = Desk::new();
    desk.pinfold(["trust"]).run().ends_with(125).says("there is no ").says("policy.toml");
    desk.inside_with(&["--write", "../new"], "true").ends_with(125).says("hint: make it first: mkdir -p ");
    desk.inside_with(&["--env", "NO_SUCH_NAME"], "true").says("no such variable").ok();
    desk.inside_with(&["--env", "NO_SUCH_*"], "true").says_nothing().ok();
    let answer = desk.pinfold(["why", "exec", "env"]).run().ok();
    assert!(answer.starts_with("may execute /usr/bin/"), "{answer}");
}
