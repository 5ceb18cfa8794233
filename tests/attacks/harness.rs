//! Tests of the tests: an attack test that passes without a sandbox would be worth nothing.

use std::process::{Command, Output};

use pinfold_tests::{Attack, Runner, Verdict};

fn overwrites() -> Attack {
    Attack::sh(r#"echo stolen > "$HOME/notes.txt""#).harms("home/notes.txt")
}

#[test]
fn an_attack_without_a_sandbox_counts_as_an_escape() {
    assert!(matches!(overwrites().verdict(Runner::Bare), Verdict::Escaped(_)));
}

#[test]
fn an_attack_that_fails_outside_proves_nothing() {
    let attack = Attack::sh("true").harms("home/notes.txt");
    assert!(matches!(attack.verdict(Runner::Sandbox), Verdict::ControlFailed(_)));
}

#[test]
fn an_attack_that_never_began_inside_proves_nothing() {
    let attack = overwrites().flags("--no-such-flag");
    assert!(matches!(attack.verdict(Runner::Sandbox), Verdict::NotTried(_)));
}

#[test]
fn an_attack_that_the_policy_allows_counts_as_an_escape() {
    let attack = Attack::sh(r#"echo stolen > "$OTHER/README""#).harms("home/other").flags("--write $OTHER");
    assert!(matches!(attack.verdict(Runner::Sandbox), Verdict::Escaped(_)));
}

/// Every attack of this program, by name.
fn attacks() -> Vec<String> {
    let list = Command::new(std::env::current_exe().expect("this test")).args(["--list"]).output().expect("the list");
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    names.filter(|name| !name.starts_with("harness::")).map(str::to_owned).collect()
}

#[test]
fn the_number_of_attacks_is_told() {
    let attacks = attacks();
    eprintln!("{} attacks", attacks.len());
    assert!(attacks.len() >= 80, "only {} attacks", attacks.len());
}

#[test]
fn the_table_of_known_escapes_names_attacks_that_exist() {
    let table = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/attacks.md");
    let table = std::fs::read_to_string(table).expect("docs/attacks.md");
    let attacks = attacks();
    let named = table.split('`').filter(|word| word.contains("::") && !word.contains(' '));
    let unknown: Vec<&str> = named.filter(|name| !attacks.iter().any(|attack| attack == name)).collect();
    assert!(unknown.is_empty(), "docs/attacks.md names {unknown:?}");
}

/// This program, with a bare run in place of the sandbox.
fn bare(arguments: &[&str]) -> Output {
    let mut program = Command::new(std::env::current_exe().expect("this test"));
    program.args(arguments).arg("--nocapture").env("PINFOLD_TEST_BARE", "1").env("RUST_BACKTRACE", "0");
    program.output().expect("the attacks")
}

/// Whether an attack that this host does not skip passes without a sandbox, beside no other of ours.
fn passes_bare(name: &str) -> bool {
    let run = bare(&["--exact", name]);
    run.status.success() && !String::from_utf8_lossy(&run.stderr).contains("skipped, because")
}

#[test]
fn every_attack_succeeds_when_the_sandbox_is_taken_away() {
    // The whole program once more, with a bare run in place of the sandbox: now every test must fail. Those that this
    // host skips say so and are left out.
    if std::env::var_os("PINFOLD_TEST_BARE").is_some() {
        return;
    }
    let run = bare(&["--skip", "harness::", "--test-threads", "2"]);
    let text = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    let failed = text.lines().filter(|line| line.ends_with("... FAILED")).count();
    assert!(failed > 0, "nothing ran: {text}");
    // What others print may stand before it in a line.
    let passed = text.lines().filter_map(|line| line.strip_suffix(" ... ok")?.rsplit("test ").next());
    let passed: Vec<&str> = passed.filter(|name| passes_bare(name)).collect();
    assert!(passed.is_empty(), "these pass without a sandbox: {passed:#?}");
}
