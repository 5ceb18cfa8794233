//! What developers and CI run, beside plain cargo: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod artefact;
mod bench;
mod boundaries;
mod check;
mod demo;
mod dist;
mod elf;
mod fuzz;
mod generate;
mod machine;
mod ocsf;
mod portable;
mod shell;
mod source;
mod standard_library;
mod tally;
mod test;
mod wine;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::Result;

/// Checks, tests, generated files, releases, fuzzing and benchmarks of Pinfold.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build pinfold and show in this checkout what is allowed inside, what is refused, and why
    Demo,
    /// Set the machine up and run every test
    ///
    /// As root on Debian and its relatives, missing system packages are installed and an ordinary user for the tests
    /// is made. Otherwise the commands that would do it are printed, and the tests go on with what is there.
    ///
    /// The static release binary is built first; tests find it in PINFOLD_BIN. Root's runs as root are tested as well:
    /// the tests that use the binary then run twice, as the ordinary user and with PINFOLD_TEST_AS=root. With CI=true,
    /// PINFOLD_NO_SKIP=1 is set and dependencies must be as locked.
    Test {
        /// Use the debug binary and skip the second run as root
        #[arg(long)]
        quick: bool,
    },
    /// Run what is built for Windows under Wine, which shows that it works and nothing of what it enforces
    ///
    /// Without a program, the tests of the crates that are for Windows, and those that drive pinfold.exe from outside: as it is
    /// released, which must refuse to run anything there, and with the feature `plumbing`. `test` runs them as well. Standard
    /// library, compiler and Wine are got as for `test`. With one, that program, by the ordinary user of the tests; cargo and tests call it so.
    Wine {
        /// It is a test program, which Wine under load now and then does not bring to its end: then it starts once more
        #[arg(long)]
        tests: bool,
        /// A program for Windows
        program: Option<OsString>,
        /// What it is given
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Check everything that needs no test run
    ///
    /// Formatting, clippy, documentation, licences and duplicates of dependencies, generated files, the boundaries
    /// between the crates, and that the crates which are for Windows and macOS compile for them. A standard library that the
    /// toolchain does not have for these is built once from Debian's sources into PINFOLD_TOOLS.
    ///
    /// cargo-deny is taken from PATH or, when it is not there, installed once into PINFOLD_TOOLS [default: target/tools].
    Check {
        /// Also look for known vulnerabilities; fetches the advisory database
        #[arg(long)]
        advisories: bool,
    },
    /// Write what is derived from the code: policy reference and schema
    Generate {
        /// Change nothing; fail when a file is not up to date
        #[arg(long)]
        check: bool,
    },
    /// Take from a published OCSF schema what tests hold exported events against
    ///
    /// To be called when the export goes over to another version of the schema.
    Ocsf {
        /// The schema of one version, as its server gives it at export/v2/schema
        schema: PathBuf,
    },
    /// Build the release into dist/: one static binary, man pages, completions, checksums
    Dist,
    /// Fuzz what reads text or messages of others
    ///
    /// Needs a nightly toolchain and cargo-fuzz; says how to get what is missing. Inputs that were found interesting
    /// are kept in fuzz/corpus, inputs that failed in fuzz/artifacts.
    Fuzz {
        /// For how long, each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// These targets only
        targets: Vec<String>,
    },
    /// Measure Pinfold beside its neighbours, as ratios
    Bench {
        #[command(subcommand)]
        what: bench::What,
    },
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Wine { program: Some(program), arguments, tests: true } => {
            return finish_as(wine::run_test_program(&program, &arguments));
        }
        Task::Wine { program: Some(program), arguments, .. } => return finish_as(wine::run(&program, &arguments)),
        Task::Wine { program: None, .. } => wine::alone(),
        Task::Demo => demo::run(),
        Task::Test { quick } => test::run(quick),
        Task::Check { advisories } => check::run(advisories),
        Task::Generate { check: false } => generate::write(),
        Task::Generate { check: true } => generate::check(),
        Task::Ocsf { schema } => ocsf::reduce(&schema),
        Task::Dist => dist::run(),
        Task::Fuzz { seconds, targets } => fuzz::run(seconds, &targets),
        Task::Bench { what } => bench::run(&what),
    };
    finish(done)
}

fn finish(done: Result<()>) -> ExitCode {
    finish_as(done.map(|()| ExitCode::SUCCESS))
}

fn finish_as(done: Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
