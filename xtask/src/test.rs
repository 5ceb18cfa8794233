//! Every test, on a machine that is set up for it first.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::artefact;
use crate::machine::{self, FOR_TESTS, TEST_USER};
use crate::shell::{Result, cargo, is_ci, read, run as carry_out, step, target_directory};
use crate::tally::Tally;
use crate::wine;

/// The package whose tests drive the built program.
const WITH_PROGRAM: &str = "pinfold-tests";

/// What proptest begins its random cases with.
const SEED: &str = "PROPTEST_RNG_SEED";

/// Runs every test.
pub(crate) fn run(quick: bool) -> Result<()> {
    step("system packages", || machine::install(&FOR_TESTS))?;
    step("test user", machine::make_test_user)?;
    let program = step("program", || program(quick))?;
    let skipped = target_directory().join("skipped-tests");
    let _ = std::fs::remove_file(&skipped);

    let seed = seed();
    let tests = |words: &str, user: &str| {
        let mut tests = with_program(cargo(words), &program, &skipped, user);
        tests.env(SEED, &seed);
        tests
    };
    let mut tally = step("tests", || Tally::of(&mut tests("test --workspace --no-fail-fast", TEST_USER)))?;
    if machine::is_root() && !quick {
        let again: String = test_names()?.iter().map(|name| format!(" --test {name}")).collect();
        if !again.is_empty() {
            let words = format!("test --workspace --no-fail-fast{again}");
            tally = tally + step("tests with the program, as root", || Tally::of(&mut tests(&words, "root")))?;
        }
    }
    let under_wine = step(wine::LABEL, wine::run_tests)?;
    if tally.failed > 0 {
        println!("the random cases of this run come again with {SEED}={seed}");
    }
    close(tally, under_wine, &skipped)
}

fn program(quick: bool) -> Result<PathBuf> {
    if quick {
        carry_out(&mut cargo("build --package pinfold-cli --bin pinfold"))?;
        return Ok(target_directory().join("debug/pinfold"));
    }
    artefact::build()
}

/// Which random cases properties are tried with: those that the caller names, else others each time.
fn seed() -> String {
    std::env::var(SEED).unwrap_or_else(|_| RandomState::new().hash_one(()).to_string())
}

/// What the tests of the program read.
fn with_program(mut tests: Command, program: &Path, skipped: &Path, user: &str) -> Command {
    tests.env("PINFOLD_BIN", program).env("PINFOLD_TEST_AS", user).env("PINFOLD_SKIPPED", skipped);
    // Snapshots are compared here, never written.
    tests.env("INSTA_UPDATE", "no");
    if is_ci() {
        tests.env("PINFOLD_NO_SKIP", "1");
    }
    tests
}

/// The test programs of the package that drives the program.
fn test_names() -> Result<Vec<String>> {
    let text = read(&mut cargo("metadata --format-version 1 --no-deps"))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.filter(|package| package["name"] == WITH_PROGRAM).flat_map(|package| {
        package["targets"]
            .as_array()
            .cloned()
            .unwrap_or_default()
            .into_iter()
            // Those that are only run when they are named need no second run.
            .filter(|target| target["kind"][0] == "test" && target["test"] == true)
    });
    Ok(targets.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}

/// Says what was skipped and why, and closes with the counts of all.
fn close(mut tally: Tally, under_wine: Tally, skipped: &Path) -> Result<()> {
    let skipped = std::fs::read_to_string(skipped).unwrap_or_default();
    for line in skipped.lines() {
        println!("skipped: {line}");
    }
    // A test that skipped itself has passed as far as cargo knows.
    let by_themselves = (skipped.lines().count() as u64).min(tally.passed);
    tally.passed -= by_themselves;
    tally.skipped += by_themselves;
    if under_wine != Tally::default() {
        println!("{}: {under_wine}", wine::LABEL);
        tally = tally + under_wine;
    }
    tally.tell_failures();
    println!("{tally}");
    match tally {
        Tally { passed: 0, .. } => Err("no test was run".into()),
        Tally { failed: 0, .. } => Ok(()),
        Tally { failed, .. } => Err(format!("{failed} tests failed").into()),
    }
}
