//! What there is on each side of the self-test: a repository to work in and things outside of it to be after.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::super::attacker;
use super::super::scratch::random;
use super::trial::Trial;
use crate::attack::{Scene, Setting, Side, unprepared};
use crate::error::CliError;

/// The variable that holds what nobody inside may learn.
pub(super) const VARIABLE: &str = "PINFOLD_DOCTOR_CANARY";

impl<'a> Scene<'a> {
    /// One with all that attacks are after.
    pub(super) fn make(setting: &'a Setting, side: Side) -> Result<Self, CliError> {
        let scene = Self::new(setting, side, random().map_err(unprepared)?);
        scene.furnish().map_err(unprepared)?;
        Ok(scene)
    }

    /// A repository with all that people have in one, and a home for the bare side.
    fn furnish(&self) -> io::Result<()> {
        for directory in [&self.workspace, &self.outside, &self.root.join("home")] {
            std::fs::create_dir_all(directory)?;
        }
        let made = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(&self.workspace)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("GIT_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let git = self.workspace.join(".git");
        for directory in ["objects", "refs/heads", "hooks", "info"] {
            std::fs::create_dir_all(git.join(directory))?;
        }
        if !made.is_ok_and(|status| status.success()) {
            std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
            std::fs::write(git.join("config"), "[core]\n\trepositoryformatversion = 0\n")?;
        }
        std::fs::write(git.join("hooks/pre-push"), "#!/bin/sh\n")?;
        std::fs::set_permissions(git.join("hooks/pre-push"), PermissionsExt::from_mode(0o644))?;
        std::fs::write(git.join("info/exclude"), "")?;
        std::fs::create_dir_all(self.workspace.join(".vscode"))?;
        std::fs::write(self.workspace.join(".vscode/settings.json"), "{}\n")?;
        std::fs::write(self.workspace.join(".mcp.json"), "{}\n")
    }

    /// A directory outside for one attack, with a file that holds its token.
    pub(super) fn canary(&self, name: &str) -> io::Result<PathBuf> {
        let directory = self.outside.join(name);
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join("file"), self.token(name))?;
        Ok(directory)
    }

    /// Starts attackers.
    pub(super) fn start(&self, flags: &[&str], words: &[OsString]) -> Result<Trial, CliError> {
        let mut command = self.command(flags);
        command.args(words).env(VARIABLE, self.token(VARIABLE));
        Trial::start(command, &self.next_output())
    }

    /// The attacker on this side, up to its first argument.
    pub(super) fn command(&self, flags: &[&str]) -> Command {
        let mut command = self.program(flags);
        if !self.is_confined() {
            command.env("HOME", self.root.join("home"));
        }
        command.arg(attacker::ARGUMENT);
        command
    }
}
