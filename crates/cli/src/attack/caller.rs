//! Calls of this very program by a self-test.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{arguments, unprepared};
use crate::args::PolicyFlags;
use crate::context::Context;
use crate::error::CliError;
use crate::platform::{MANAGED_POLICY, Plan, STATE};

/// What calls of `pinfold` by a self-test have in common.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// This program.
    pub(crate) own: PathBuf,
    /// A copy of it in the workspace, where every policy lets it be executed.
    copy: PathBuf,
    pub(crate) workspace: PathBuf,
    state: PathBuf,
    flags: Vec<OsString>,
}

impl Caller {
    /// Prepares calls for a workspace below `scratch`, under the policy of the user with these flags.
    pub(crate) fn new(
        scratch: &Path,
        workspace: PathBuf,
        flags: &PolicyFlags,
        context: &Context,
    ) -> Result<Self, CliError> {
        let own = std::env::current_exe().map_err(unprepared)?;
        let copy = workspace.join("attacker").with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::create_dir_all(&workspace).map_err(unprepared)?;
        std::fs::copy(&own, &copy).map_err(unprepared)?;
        Ok(Self { own, copy, workspace, state: scratch.join("state"), flags: arguments(flags, &context.directory) })
    }

    /// `pinfold SUBCOMMAND` with the policy's flags. Nothing of it is kept in the user's own state.
    pub(crate) fn pinfold(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.own);
        command.arg(subcommand).args(&self.flags).arg("--workspace").arg(&self.workspace);
        command.env(STATE.name, &self.state).env_remove("PWD").current_dir(&self.workspace);
        command
    }

    /// The copy in a sandbox, up to its first argument.
    pub(crate) fn run(&self, best_effort: bool, flags: &[&str]) -> Command {
        let mut command = self.pinfold("run");
        command.args(flags);
        if best_effort {
            command.arg("--best-effort");
        }
        command.arg("--").arg(&self.copy);
        command
    }

    /// The plan that is in force for the workspace.
    pub(crate) fn plan(&self) -> Result<Plan, CliError> {
        let failed = |why: String| CliError::new("no plan can be made for the test").why(why);
        let output = self.pinfold("plan").arg("--json").stdin(Stdio::null()).output();
        let output = output.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }
}

/// Policy files that are in force wherever one is, in words.
pub(crate) fn policies(context: &Context) -> String {
    let files = [PathBuf::from(MANAGED_POLICY), context.user_policy()];
    let found: Vec<_> = files.iter().filter(|file| file.exists()).map(|file| file.display().to_string()).collect();
    if found.is_empty() { "no policy files".into() } else { found.join(" and ") }
}
