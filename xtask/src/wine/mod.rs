//! Programs for Windows run by Wine, which shows that calls are made and their plumbing works. Wine enforces next to nothing of
//! what a sandbox relies on (no restricting identifiers, no access lists of files, no integrity), so nothing here says
//! anything about confinement.

mod built;
mod prefix;
mod tests;

pub(crate) use prefix::{run, run_test_program};
pub(crate) use tests::{LABEL, alone, run_tests};
