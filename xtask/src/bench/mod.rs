//! Pinfold beside its neighbours, measured as ratios: an absolute time says more about the machine.
//!
//! Everything is run by an ordinary user. Commands that are compared are timed by one hyperfine, in several rounds;
//! a ratio is taken within each round, and the median of the rounds is told.

mod gate;
mod grant;
mod hyperfine;
mod measures;
mod memory;
mod neighbours;
mod scene;
mod sessions;
mod stage;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::artefact;
use crate::machine::{self, FOR_BENCHMARKS, TEST_USER};
use crate::shell::{Result, cargo, command, read, run as carry_out, step, which};

/// What can be done with benchmarks.
#[derive(Subcommand)]
pub(crate) enum What {
    /// Measure, and print a table in Markdown
    ///
    /// Root measures as an ordinary user who is made for it. What is missing on the machine is named as missing.
    Run {
        /// Only these: start-up, deny, work, record, memory, stage, grant, sessions
        only: Vec<String>,
        /// How often everything is repeated
        #[arg(long, default_value_t = 7)]
        rounds: usize,
        /// Measure this program [default: the release, built first]
        #[arg(long)]
        program: Option<PathBuf>,
    },
    /// Measure what a stage costs, beside direct runs and the bare commands
    Stage {
        /// How often everything is repeated
        #[arg(long, default_value_t = 7)]
        rounds: usize,
        /// Measure this program [default: the release, built first]
        #[arg(long)]
        program: Option<PathBuf>,
    },
    /// Measure an hour of work in a stage, and in what others offer for it: sandlock, try, agentfs, git worktrees and copies
    Sessions {
        /// How often everything is repeated
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Measure this program [default: the release, built first]
        #[arg(long)]
        program: Option<PathBuf>,
    },
    /// Measure the gate on this machine's loopback, beside the proxies squid and mitmproxy where they are installed
    Gate {
        /// Only these: streams, setups, memory, requests
        only: Vec<String>,
    },
    /// Measure the ledger in the directory for temporary files, beside the same bytes written, hashed and read plainly
    Ledger {
        /// Only these: append, verify, read
        only: Vec<String>,
        /// Among how many sessions of 1,000 events one is read
        #[arg(long, default_value_t = 2000)]
        sessions: u64,
    },
}

/// Measures.
pub(crate) fn run(what: &What) -> Result<()> {
    let (only, rounds, program) = match what {
        What::Run { only, rounds, program } => (only, rounds, program),
        What::Stage { rounds, program } => (&vec!["stage".to_owned()], rounds, program),
        What::Sessions { rounds, program } => (&vec!["sessions".to_owned()], rounds, program),
        What::Gate { only } => return gate::run(only),
        What::Ledger { only, sessions } => {
            let mut bench = cargo("bench --package pinfold-ledger --bench ledger -- --sessions");
            return carry_out(bench.arg(sessions.to_string()).args(only));
        }
    };
    if let Some(unknown) = only.iter().find(|name| !measures::NAMES.contains(&name.as_str())) {
        return Err(format!("there is no measure {unknown}; known: {}", measures::NAMES.join(", ")).into());
    }
    let program = match program {
        Some(program) => std::fs::canonicalize(program)?,
        None => step("program", artefact::build)?,
    };
    if machine::is_root() {
        return as_test_user(only, *rounds, &program);
    }
    let home = std::env::var("HOME").map_err(|_| "HOME is not set")?;
    let measured = measures::Bench {
        program,
        rounds: *rounds,
        scenes: Path::new(&home).join("pinfold-bench"),
        hyperfine: which("hyperfine").ok_or("hyperfine is missing: sudo apt-get install hyperfine")?,
    };
    measured.run(&|name| only.is_empty() || only.iter().any(|asked| asked == name))
}

/// Gives the ordinary user the running toolchain, where toolchains are looked for: by hard links if that is possible.
fn lend_toolchain(home: &Path) -> Result<PathBuf> {
    let own = PathBuf::from(read(&mut command("rustc", ["--print", "sysroot"]))?.trim());
    let lent = home.join(".rustup/toolchains/bench");
    for part in ["bin", "lib"].map(Path::new).into_iter().filter(|part| !lent.join(part).exists()) {
        std::fs::create_dir_all(&lent)?;
        let copy = |how: &str| carry_out(command("cp", [how]).arg(own.join(part)).arg(lent.join(part)));
        copy("-alT").or_else(|_| copy("-aT"))?;
    }
    carry_out(command("chown", [TEST_USER]).arg(home.join(".rustup")))?;
    Ok(lent)
}

/// Runs this program again as the ordinary user, who gets copies that he can reach.
fn as_test_user(only: &[String], rounds: usize, program: &Path) -> Result<()> {
    step("system packages", || machine::install(&FOR_BENCHMARKS))?;
    machine::make_test_user()?;
    let entry = read(&mut command("getent", ["passwd", TEST_USER]))?;
    let home = entry.split(':').nth(5).ok_or("the test user has no home")?.to_owned();
    let toolchain = step("toolchain", || lend_toolchain(Path::new(&home)))?;
    let programs = std::env::temp_dir().join(format!("pinfold-bench-{}", std::process::id()));
    std::fs::create_dir(&programs)?;
    let (own, pinfold) = (programs.join("xtask"), programs.join("pinfold"));
    std::fs::copy(std::env::current_exe()?, &own)?;
    std::fs::copy(program, &pinfold)?;
    let user = format!("--reuid={TEST_USER} --regid={TEST_USER} --init-groups --inh-caps=-all");
    let mut again = command("setpriv", user.split(' '));
    again.arg(&own).args(["bench", "run", "--rounds", &rounds.to_string(), "--program"]).arg(&pinfold).args(only);
    let path = format!("{}/bin:/usr/local/bin:/usr/bin:/bin", toolchain.display());
    again.env_clear().env("HOME", &home).env("PATH", path).env("USER", TEST_USER);
    let done = carry_out(again.current_dir(&home));
    std::fs::remove_dir_all(&programs)?;
    done
}
