//! The tests of what is for Windows, under Wine.

use std::path::Path;
use std::process::Command;

use crate::machine::{self, TEST_USER};
use crate::portable::{SLOW_UNDER_WINE, on_windows};
use crate::shell::{Result, cargo, command, root, skip, step};
use crate::standard_library::{Libraries, WINDOWS};
use crate::tally::Tally;
use crate::wine::built::{Build, Built};
use crate::wine::prefix::Prefix;

/// Stands before every count, so that nobody takes it for more than it is.
pub(crate) const LABEL: &str = "tests under Wine (plumbing only: Wine enforces nothing)";

/// The tests and nothing else, on a machine that is set up for them first.
pub(crate) fn alone() -> Result<()> {
    step("test user", machine::make_test_user)?;
    let tally = step(LABEL, run_tests)?;
    tally.tell_failures();
    println!("{LABEL}: {tally}");
    match tally {
        Tally { failed: 0, .. } => Ok(()),
        Tally { failed, .. } => Err(format!("{failed} tests failed").into()),
    }
}

/// Runs them and counts; where something is missing, says so and counts nothing.
pub(crate) fn run_tests() -> Result<Tally> {
    machine::install(&machine::FOR_WINDOWS)?;
    machine::install(&machine::FOR_WINE)?;
    let libraries = Libraries::get()?;
    if let Err(why) = libraries.cargo("build", WINDOWS, "") {
        return skip(LABEL, why);
    }
    let prefix = match Prefix::get() {
        Ok(prefix) => prefix,
        Err(why) => return skip(LABEL, why),
    };
    prefix.begin()?;
    let tally = all(&libraries);
    prefix.end()?;
    tally
}

/// Everything is built with the same packages each time, so that what they depend on is built once.
fn all(libraries: &Libraries) -> Result<Tally> {
    let released = step("for Windows: program and tests", || Built::new(libraries, Build::Released))?;
    let units = step("for Windows: unit tests", || at_most_twice(|| Tally::of(&mut units(libraries)?)))?;
    let plumbing =
        step("for Windows: program that starts commands unconfined", || Built::new(libraries, Build::Plumbing))?;
    let carried_out = step("for Windows: plans carried out unconfined", || {
        Tally::of(&mut this_wine([plumbing.test("pinfold-confine", "windows")?]))
    })?;
    let driven = step("for Windows: the program from outside", || {
        at_most_twice(|| Tally::of(&mut driven(&released.program, &plumbing.program)?))
    })?;
    Ok(units + carried_out + driven)
}

/// Under load Wine now and then answers too late for a test. Where some have failed, that is said, and all run once more; what
/// fails twice has failed.
fn at_most_twice(run: impl Fn() -> Result<Tally>) -> Result<Tally> {
    let first = run()?;
    if first.failed == 0 {
        return Ok(first);
    }
    println!("{LABEL}: {first}; once more, as Wine may have been too slow");
    run()
}

/// What the crates test of themselves, the build for releases among them.
fn units(libraries: &Libraries) -> Result<Command> {
    let words = format!("--no-fail-fast --lib --bins --tests{}", on_windows());
    let mut cargo = libraries.cargo("test", WINDOWS, &words)?;
    // By way of `run_test_program`.
    let runner = format!("target.{WINDOWS}.runner = [{:?}, \"wine\", \"--tests\"]", std::env::current_exe()?);
    cargo.arg("--config").arg(runner);
    cargo.arg("--").args(SLOW_UNDER_WINE.iter().flat_map(|name| ["--skip", name]));
    // Snapshots are compared, never written; there is no cargo to ask where they lie.
    cargo.env("INSTA_UPDATE", "no").env("INSTA_WORKSPACE_ROOT", root());
    Ok(cargo)
}

/// The tests on this system that call the program for Windows.
fn driven(released: &Path, plumbing: &Path) -> Result<Command> {
    let mut tests = cargo("test --package pinfold-tests --test windows --no-fail-fast");
    tests.env("PINFOLD_WINE", std::env::current_exe()?).env("PINFOLD_TEST_AS", TEST_USER);
    tests.env("PINFOLD_WINDOWS_BIN", released).env("PINFOLD_WINDOWS_PLUMBING_BIN", plumbing);
    // All that they need has been built.
    tests.env("PINFOLD_NO_SKIP", "1");
    Ok(tests)
}

/// This program, as it runs others for Windows.
fn this_wine<'a>(words: impl IntoIterator<Item = &'a Path>) -> Command {
    let program = std::env::current_exe().unwrap_or_default();
    let mut wine = command(&program.to_string_lossy(), ["wine"]);
    wine.args(words);
    wine
}
