//! Runs of this very program, confined: doctor believes nothing that it has not seen happen.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::attacker;
use super::scratch::{Scratch, random};
use crate::args::PolicyFlags;
use crate::attack::Caller;
use crate::context::Context;
use crate::error::CliError;

/// How long one run of doctor's may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What came of one confined run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Attempt {
    /// Whether the command was started and its word came out.
    pub(super) started: bool,
    pub(super) duration_ms: u64,
    /// What pinfold said otherwise: the step that failed, and why.
    pub(super) said: Vec<String>,
}

/// Starts the smallest confined command, with what the policy asks for or as much of it as this host can keep.
pub(super) fn attempt(caller: &Caller, best_effort: bool) -> Result<Attempt, CliError> {
    let failed = |error: std::io::Error| CliError::new("no run can be tried").why(error.to_string());
    let word = random().map_err(failed)?;
    let mut command = caller.run(best_effort, &[]);
    command.args([attacker::ARGUMENT, "0", "say", &word]).stdin(Stdio::null());
    let begin = Instant::now();
    let output = command.output().map_err(failed)?;
    let duration_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let started = output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&word);
    let said = String::from_utf8_lossy(&output.stderr);
    let mut said: Vec<String> = said.lines().filter(|_| !started).map(|line| line.trim().to_owned()).collect();
    if !started && said.is_empty() {
        said.push(format!("it ended with {} and said nothing", output.status));
    }
    Ok(Attempt { started, duration_ms, said })
}

/// A place, a workspace in it and what calls there need.
pub(super) fn place(context: &Context, flags: &PolicyFlags) -> Result<(Scratch, Caller), CliError> {
    let scratch = Scratch::new(context.state())?;
    let caller = Caller::new(scratch.path(), scratch.path().join("workspace"), flags, context)?;
    Ok((scratch, caller))
}
