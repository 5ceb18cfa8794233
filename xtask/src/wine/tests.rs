//! The tests of what is for Windows, under Wine.

use crate::machine;
use crate::portable::{ON_WINDOWS, packages};
use crate::shell::{Result, root, skip, step};
use crate::standard_library::{Libraries, WINDOWS};
use crate::tally::Tally;
use crate::wine::prefix::Prefix;

/// Stands before every count, so that nobody takes it for more than it is.
pub(crate) const LABEL: &str = "tests under Wine (plumbing only: Wine enforces nothing)";

/// The tests and nothing else, on a machine that is set up for them first.
pub(crate) fn alone() -> Result<()> {
    step("test user", machine::make_test_user)?;
    let tally = step(LABEL, run_tests)?;
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
    let mut cargo = match Libraries::get()?.cargo(
        "test",
        WINDOWS,
        &format!("--no-fail-fast --lib --bins --tests{}", packages(&ON_WINDOWS)),
    ) {
        Ok(cargo) => cargo,
        Err(why) => return skip(LABEL, why),
    };
    let prefix = match Prefix::get() {
        Ok(prefix) => prefix,
        Err(why) => return skip(LABEL, why),
    };
    // By way of `run`.
    let runner = format!("target.{WINDOWS}.runner = [{:?}, \"wine\"]", std::env::current_exe()?);
    cargo.arg("--config").arg(runner);
    // Snapshots are compared, never written; there is no cargo to ask where they lie.
    cargo.env("INSTA_UPDATE", "no").env("INSTA_WORKSPACE_ROOT", root());
    let tally = Tally::of(&mut cargo);
    prefix.end()?;
    tally
}
