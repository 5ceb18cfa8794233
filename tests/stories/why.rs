//! What `pinfold why` answers is what really happens.

use crate::desk::Desk;

/// Does to the path in `$1` what the word says.
fn deed(access: &str) -> &'static str {
    match access {
        "read" => r#"if test -d "$1"; then ls -A "$1" >/dev/null; else head -c1 "$1" >/dev/null; fi"#,
        "write" => r#"if test -d "$1"; then touch "$1/new-file"; else echo changed >> "$1"; fi"#,
        "exec" => r#""$1" >/dev/null"#,
        other => panic!("{other}"),
    }
}

/// A home with something of everything.
fn furnished() -> Desk {
    let desk = Desk::new();
    for file in [
        "home/.ssh/id_ed25519",
        "home/.bash_history",
        "home/.bashrc",
        "home/.aws/credentials",
        "home/.npmrc",
        "home/.netrc",
        "home/.cargo/registry/cached",
        "home/.cargo/credentials.toml",
        "home/.rustup/settings.toml",
        "home/Documents/letter",
        "home/other/README",
        "home/project/src/main.rs",
        "home/project/.env",
        "home/project/deep/.env.local",
        "home/project/secret.pem",
        "home/project/.vscode/tasks.json",
        "home/project/.envrc",
        "home/project/pinfold.toml",
        "home/project/nested/.claude/settings.json",
        "home/project/node_modules/a/index.js",
        "elsewhere/file",
        "home/project/.github/workflows/ci.yml",
    ] {
        desk.write(file, "");
    }
    for script in
        ["home/project/run.sh", "home/.local/bin/tool", "home/bin/tool", "home/.cargo/bin/tool", "elsewhere/tool"]
    {
        desk.script(script, "#!/bin/sh\ntrue\n");
    }
    desk.outside("git init --quiet inner; ln -s ../other/README out; ln -s README in; ln -s /etc/passwd passwd").ok();
    desk
}

fn check(desk: &Desk, access: &str, paths: &[&str]) {
    let mut wrong = Vec::new();
    for path in paths {
        let path = match path.strip_prefix("DESK/") {
            Some(relative) => desk.path(relative).into_os_string().into_string().expect("a plain path"),
            None => (*path).to_owned(),
        };
        let answer = desk.pinfold(["why", access, &path]).run();
        let said = answer.code() == 0;
        let script = ["-c", deed(access), "deed", &path];
        let mut happened = desk.pinfold(["run", "--", "/bin/sh"]).arguments(script).run().code() == 0;
        let target = desk.workspace().join(&path);
        if access == "write" && happened && (target.starts_with(desk.workspace()) || target.is_file()) {
            // What was written may have been put into quarantine, or stay in the run's own home.
            happened = target.is_dir() || std::fs::read(&target).is_ok_and(|bytes| bytes.ends_with(b"changed\n"));
        }
        if said != happened {
            wrong.push(format!("{access} {path}: `why` says {said}, what happens is {happened}\n{}", answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_answer_about_reading_is_true() {
    check(
        &furnished(),
        "read",
        &[
            ".",
            "README",
            "src",
            "src/main.rs",
            ".env",
            "deep/.env.local",
            "secret.pem",
            ".git/config",
            ".git/HEAD",
            ".vscode/tasks.json",
            "DESK/home/.ssh/id_ed25519",
            "DESK/home/.bash_history",
            "DESK/home/.bashrc",
            "DESK/home/.aws/credentials",
            "DESK/home/.npmrc",
            "DESK/home/.netrc",
            "DESK/home/.cargo/registry/cached",
            "DESK/home/.cargo/credentials.toml",
            "DESK/home/.rustup/settings.toml",
            "DESK/home/Documents/letter",
            "DESK/home/other/README",
            "DESK/elsewhere/file",
            "../other/README",
            "out",
            "in",
            "passwd",
            "/etc/passwd",
            "/usr/bin/env",
            "/usr",
            "/var/log",
            "/boot",
            "/srv",
            "/mnt",
            "/proc/self/status",
            "/dev/null",
            "/dev/urandom",
            "/sys/devices/system/cpu",
            "/sys/class",
            "/tmp",
            "/run",
            "/root",
            "/no/such/place",
        ],
    );
}

#[test]
fn the_answer_about_writing_is_true() {
    check(
        &furnished(),
        "write",
        &[
            "README",
            "new",
            "src/main.rs",
            "src/new",
            ".",
            "node_modules/a/index.js",
            ".git/config",
            ".git/hooks/pre-commit",
            ".git/info/attributes",
            ".git/HEAD",
            ".git/description",
            ".git/index",
            ".vscode/tasks.json",
            ".envrc",
            "pinfold.toml",
            "nested/.claude/settings.json",
            ".mcp.json",
            ".github/workflows/ci.yml",
            "inner/.git/config",
            "inner/.git/hooks/pre-commit",
            "inner/file",
            "DESK/home/new",
            "DESK/home/.bashrc",
            "DESK/home/.cargo/registry/new",
            "DESK/home/.rustup/settings.toml",
            "DESK/home/.local/bin/tool",
            "DESK/home/.cargo/bin/tool",
            "DESK/elsewhere/file",
            "../other/README",
            "out",
            "in",
            "passwd",
            "/etc/passwd",
            "/usr/bin/env",
            "/usr/new",
            "/tmp/new",
            "/var/tmp/new",
            "/dev/null",
            "/dev/shm/new",
            "/new",
            "/run/new",
            "/proc/sys/kernel/hostname",
            "/no/such/place",
        ],
    );
}

#[test]
fn the_answer_about_executing_is_true() {
    check(
        &furnished(),
        "exec",
        &[
            "./run.sh",
            "/usr/bin/true",
            "/bin/true",
            "DESK/home/.local/bin/tool",
            "DESK/home/.cargo/bin/tool",
            "DESK/home/bin/tool",
            "DESK/elsewhere/tool",
        ],
    );
}

#[test]
fn the_hint_of_every_refusal_works() {
    let desk = furnished();
    for (access, path) in [
        ("read", "../other/README"),
        ("read", ".env"),
        ("write", ".vscode/tasks.json"),
        ("write", ".git/config"),
        ("exec", "../bin/tool"),
    ] {
        let answer = desk.pinfold(["why", access, path]).run().ends_with(1).text();
        let hint = answer.lines().find_map(|line| line.trim().strip_prefix("hint: run with ")).expect("a hint");
        let flags = hint.split(", or ").next().expect("the flags");
        let script = format!("pinfold run {flags} -- /bin/sh -c '{}' deed {path}", deed(access));
        desk.outside(&script).ok();
    }
}

#[test]
fn the_answer_mentions_what_is_missing_or_closed_anyway() {
    let desk = furnished();
    for (access, path, words) in [
        ("read", "no-such-file", "does not exist"),
        ("exec", "/usr/bin/no-such-program", "does not exist"),
        ("exec", "README", "permissions"),
        ("write", "DESK/home/new", "stays in the run's own home"),
    ] {
        let path = path.replace("DESK", &desk.path("").display().to_string());
        let answer = desk.pinfold(["why", access, &path]).run();
        assert!(answer.text().contains(words), "{access} {path} should mention {words:?}: {answer}");
    }
}

#[test]
fn a_file_of_the_real_home_is_not_said_to_be_writable() {
    let desk = furnished();
    for path in ["../other/README", "../Documents/letter", "../.bashrc"] {
        desk.pinfold(["why", "write", path]).run().ends_with(1);
    }
}

#[test]
fn the_answer_as_json_agrees() {
    let desk = furnished();
    let allowed = desk.pinfold(["why", "--json", "read", "README"]).run().ok();
    assert!(allowed.contains("\"allowed\": true"), "{allowed}");
    let refused = desk.pinfold(["why", "--json", "write", ".git/config"]).run().ends_with(1).text();
    assert!(refused.contains("\"allowed\": false") && refused.contains("files.protect"), "{refused}");
}

#[test]
fn a_home_that_no_shell_has_put_in_its_place_is_the_home() {
    let desk = Desk::new();
    desk.write("home/notes/plan", "the plan");
    let asked = |path: &str| desk.pinfold(["why", "--read", "~/notes", "read", path]).run();
    assert_eq!(asked("~/notes/plan").ok(), asked(&desk.path("home/notes/plan").display().to_string()).ok());
    desk.write("home/.bashrc", "");
    let refused = desk.pinfold(["why", "write", "~/.bashrc"]).run().ends_with(1);
    assert!(refused.text().contains(&desk.path("home/.bashrc").display().to_string()), "{refused}");
    assert_eq!(desk.inside_with(&["--read", "~"], "cat ~/notes/plan").ok(), "the plan");
    desk.write("home/project/~", "named so");
    desk.pinfold(["why", "read", "./~"]).run().ok();
}

#[test]
fn a_host_is_answered_with_the_rule_and_the_smallest_change() {
    let desk = furnished();
    let rules = "[network]\nmode = \"rules\"\nallow = [\"*.example.com\"]\ndeny = [\"evil.example.com\"]\n";
    desk.write("home/.config/pinfold/policy.toml", rules);
    let ask = |flags: &[&str], host: &str| desk.pinfold([&["why", "connect", host], flags].concat()).run();
    for (flags, host, status, words) in [
        (&[][..], "a.example.com", 0, "may connect to a.example.com:443"),
        (&[], "a.example.com", 0, "policy.toml:3 (user)"),
        (&[], "evil.example.com", 1, "policy.toml:4 (user)"),
        (&[], "10.0.0.1:5432", 1, "private address"),
        (&[], "10.0.0.1:5432", 1, "--allow-host 10.0.0.1:5432"),
        (&["--allow-host", "10.0.0.0/8:5432"], "10.0.0.1:5432", 0, "a rule allows it"),
    ] {
        let answer = ask(flags, host).ends_with(status);
        assert!(answer.text().contains(words), "{host} should mention {words:?}: {answer}");
    }
    ask(&[], "0x7f.1").ends_with(125).says("is no host");
    let refused = ask(&["--json"], "github.com").ends_with(1).text();
    assert!(refused.contains("\"verdict\": \"unnamed\"") && refused.contains("--allow-host github.com"), "{refused}");
}
