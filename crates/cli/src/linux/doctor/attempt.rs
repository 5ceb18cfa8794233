//! Runs of this very program, confined: doctor believes nothing that it has not seen happen.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pinfold_plan::Plan;
use serde::Serialize;

use super::attacker;
use super::scratch::{Scratch, random};
use crate::args::PolicyFlags;
use crate::attack::arguments;
use crate::context::Context;
use crate::error::CliError;
use crate::platform::MANAGED_POLICY;

/// How long one run of doctor's may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What calls of `pinfold` by doctor have in common.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// This program.
    pub(super) own: PathBuf,
    /// A copy of it in the workspace, where every policy lets it be executed.
    pub(super) copy: PathBuf,
    pub(super) workspace: PathBuf,
    state: PathBuf,
    flags: Vec<OsString>,
}

impl Caller {
    /// Prepares calls for a workspace below `scratch`, under the policy of the user with these flags.
    pub(super) fn new(
        scratch: &Path,
        workspace: PathBuf,
        flags: &PolicyFlags,
        context: &Context,
    ) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| CliError::new("the test cannot be prepared").why(error.to_string());
        let own = std::env::current_exe().map_err(failed)?;
        let copy = workspace.join("attacker");
        std::fs::create_dir_all(&workspace).map_err(failed)?;
        std::fs::copy(&own, &copy).map_err(failed)?;
        Ok(Self { own, copy, workspace, state: scratch.join("state"), flags: arguments(flags, &context.directory) })
    }

    /// `pinfold SUBCOMMAND` with the policy's flags. Nothing of it is kept in the user's own state.
    pub(super) fn pinfold(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.own);
        command.arg(subcommand).args(&self.flags).arg("--workspace").arg(&self.workspace);
        command.env("XDG_STATE_HOME", &self.state).env_remove("PWD").current_dir(&self.workspace);
        command
    }

    /// The plan that is in force for the workspace.
    pub(super) fn plan(&self) -> Result<Plan, CliError> {
        let failed = |why: String| CliError::new("no plan can be made for the test").why(why);
        let output = self.pinfold("plan").arg("--json").stdin(Stdio::null()).output();
        let output = output.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }
}

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
    let mut command = caller.pinfold("run");
    if best_effort {
        command.arg("--best-effort");
    }
    command.arg("--").arg(&caller.copy).args([attacker::ARGUMENT, "0", "say", &word]).stdin(Stdio::null());
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

/// Policy files that are in force wherever one is, in words.
pub(super) fn policies(context: &Context) -> String {
    let files = [PathBuf::from(MANAGED_POLICY), context.user_policy()];
    let found: Vec<_> = files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if found.is_empty() { "no policy files".into() } else { found.join(" and ") }
}
