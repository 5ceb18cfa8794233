//! Where attacks happen: a workspace to work in and things outside of it to be after, once for each side.

use std::cell::Cell;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_confine::hex;
use pinfold_plan::{Plan, Promise};
use pinfold_policy::{Access, Effect, Policy, decide};
use sha2::{Digest, Sha256};

use super::super::attacker;
use super::super::attempt::Caller;
use super::super::scratch::{SIDES, random};
use super::trial::Trial;
use crate::error::CliError;

/// The variable that holds what nobody inside may learn.
pub(super) const VARIABLE: &str = "PINFOLD_DOCTOR_CANARY";

/// What both scenes have in common.
pub(super) struct Setting {
    pub(super) root: PathBuf,
    pub(super) caller: Caller,
    pub(super) policy: Policy,
    pub(super) plan: Plan,
    pub(super) best_effort: bool,
    /// There is no sandbox on either side.
    pub(super) unconfined: bool,
}

impl Setting {
    /// Whether the table has this promise.
    pub(super) fn promises(&self, promise: Promise) -> bool {
        self.plan.assurance.iter().any(|assurance| assurance.promise == promise)
    }
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Bare,
    Inside,
}

/// One side.
pub(super) struct Scene<'a> {
    pub(super) side: Side,
    pub(super) setting: &'a Setting,
    pub(super) root: PathBuf,
    pub(super) workspace: PathBuf,
    /// Things that no policy lets in, because they are this test's own.
    pub(super) outside: PathBuf,
    secret: String,
    runs: Cell<usize>,
}

impl<'a> Scene<'a> {
    pub(super) fn make(setting: &'a Setting, side: Side) -> Result<Self, CliError> {
        let name = SIDES[usize::from(side == Side::Inside)];
        let root = setting.root.join(name);
        let failed = |error: io::Error| CliError::new("the test cannot be prepared").why(error.to_string());
        let scene = Self {
            side,
            setting,
            workspace: root.join("workspace"),
            outside: root.join("outside"),
            root,
            secret: random().map_err(failed)?,
            runs: Cell::new(0),
        };
        scene.furnish().map_err(failed)?;
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

    /// Whether the attacker is confined.
    pub(super) fn is_confined(&self) -> bool {
        self.side == Side::Inside && !self.setting.unconfined
    }

    /// Something that only who has seen the thing of this name on this side can know.
    pub(super) fn token(&self, name: &str) -> String {
        let digest = Sha256::digest(format!("{} {name}", self.secret).as_bytes());
        hex(&digest[..12])
    }

    /// A directory outside for one attack, with a file that holds its token.
    pub(super) fn canary(&self, name: &str) -> io::Result<PathBuf> {
        let directory = self.outside.join(name);
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join("file"), self.token(name))?;
        Ok(directory)
    }

    /// Refuses an attack on what the policy lets the command change or read on the host.
    pub(super) fn must_forbid(&self, access: Access, path: &Path) -> Result<(), String> {
        // The rules are about the workspace of the sandbox, whichever side this is.
        let path =
            path.strip_prefix(&self.root).map_or(path.to_owned(), |rest| self.setting.root.join("inside").join(rest));
        let verdict = decide(&self.setting.policy, access, &path);
        let opens = verdict.allowed && verdict.effect == Effect::Host;
        if opens { Err("the policy allows it".into()) } else { Ok(()) }
    }

    /// Starts attackers.
    pub(super) fn start(&self, flags: &[&str], words: &[OsString]) -> Result<Trial, CliError> {
        let mut command = self.command(flags);
        command.args(words).env(VARIABLE, self.token(VARIABLE));
        Trial::start(command, &self.next_output())
    }

    /// The attacker on this side, up to its first argument.
    pub(super) fn command(&self, flags: &[&str]) -> Command {
        let caller = &self.setting.caller;
        let mut command = if self.is_confined() {
            let mut command = caller.pinfold("run");
            command.args(flags);
            if self.setting.best_effort {
                command.arg("--best-effort");
            }
            command.arg("--").arg(&caller.copy);
            command
        } else {
            let mut command = Command::new(&caller.own);
            command.current_dir(&self.workspace).env("HOME", self.root.join("home"));
            command
        };
        command.arg(attacker::ARGUMENT);
        command
    }

    /// Where the output of the next run goes.
    pub(super) fn next_output(&self) -> PathBuf {
        self.runs.set(self.runs.get() + 1);
        self.root.join(format!("run-{}", self.runs.get()))
    }
}
