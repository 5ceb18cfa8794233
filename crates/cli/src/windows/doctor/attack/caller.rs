//! Calls of this very program, confined.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_plan::windows::Plan;

use super::super::attacker;
use super::catalogue::Verb;
use super::scratch::random;
use crate::args::PolicyFlags;
use crate::attack::arguments;
use crate::context::Context;
use crate::error::CliError;
use crate::platform::{MANAGED_POLICY, STATE};

/// What calls of `pinfold` by the self-test have in common.
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
        let copy = workspace.join("attacker.exe");
        std::fs::create_dir_all(&workspace).map_err(failed)?;
        std::fs::copy(&own, &copy).map_err(failed)?;
        Ok(Self { own, copy, workspace, state: scratch.join("state"), flags: arguments(flags, &context.directory) })
    }

    /// `pinfold SUBCOMMAND` with the policy's flags. Nothing of it is kept in the user's own state.
    pub(super) fn pinfold(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.own);
        command.arg(subcommand).args(&self.flags).arg("--workspace").arg(&self.workspace);
        command.env(STATE.name, &self.state).current_dir(&self.workspace);
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

    /// Starts the smallest confined command, with what the policy asks for or as much of it as this machine can keep.
    pub(super) fn try_to_start(&self, best_effort: bool) -> Result<(), CliError> {
        let failed = |error: std::io::Error| CliError::new("no run can be tried").why(error.to_string());
        let word = random().map_err(failed)?;
        let mut command = self.run(best_effort, &[]);
        command.args([attacker::ARGUMENT, "-", Verb::Say.word(), &word]).stdin(Stdio::null());
        let output = command.output().map_err(failed)?;
        if output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&word) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let error = CliError::new("the sandbox does not start, so nothing can be tested");
        let error = error.why(format!("it ended with {}", output.status));
        let error = said.lines().fold(error, |error, line| error.why(line.trim()));
        Err(error.hint("`pinfold doctor` says what this machine lacks"))
    }

    /// The copy in a sandbox, up to its first argument.
    pub(super) fn run(&self, best_effort: bool, flags: &[String]) -> Command {
        let mut command = self.pinfold("run");
        command.arg("--quiet").args(flags);
        if best_effort {
            command.arg("--best-effort");
        }
        command.arg("--").arg(&self.copy);
        command
    }
}

/// Policy files that are in force wherever one is, in words.
pub(super) fn policies(context: &Context) -> String {
    let files = [PathBuf::from(MANAGED_POLICY), context.user_policy()];
    let found: Vec<_> = files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if found.is_empty() { "no policy files".into() } else { found.join(" and ") }
}
