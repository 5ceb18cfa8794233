//! Where attacks happen: a workspace to work in and things outside of it to be after, once for each side.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_confine::{hex, windows};
use pinfold_plan::Promise;
use pinfold_plan::windows::Plan;
use pinfold_policy::{Access, Effect, Policy, decide};
use sha2::{Digest, Sha256};

use super::super::attacker;
use super::caller::Caller;
use super::catalogue::Attack;
use super::scratch::{MADE, random};
use super::trial::Trial;
use crate::error::CliError;

/// The variable that holds what nobody inside may learn, for the attack `variable`.
const VARIABLE: (&str, &str) = ("PINFOLD_DOCTOR_CANARY", "variable");

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
    secret: String,
    runs: Cell<usize>,
}

impl<'a> Scene<'a> {
    pub(super) fn make(setting: &'a Setting, side: Side) -> Result<Self, CliError> {
        let root = setting.root.join(if side == Side::Bare { "bare" } else { "inside" });
        let failed = |error: io::Error| CliError::new("the test cannot be prepared").why(error.to_string());
        let secret = random().map_err(failed)?;
        let scene = Self { side, setting, workspace: root.join("workspace"), root, secret, runs: Cell::new(0) };
        for directory in [scene.root.join("outside"), scene.root.join("lives"), scene.workspace.clone()] {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        Ok(scene)
    }

    /// Whether the attacker is confined.
    pub(super) fn is_confined(&self) -> bool {
        self.side == Side::Inside && !self.setting.unconfined
    }

    /// Something that only who has seen the thing of this name on this side can know: 24 letters.
    pub(super) fn token(&self, name: &str) -> String {
        let digest = Sha256::digest(format!("{} {name}", self.secret).as_bytes());
        hex(&digest[..12])
    }

    /// A name that nobody else uses.
    pub(super) fn unique(&self, name: &str) -> String {
        format!("{MADE}{}", self.token(&format!("name of {name}")))
    }

    /// The attack's directory outside. No policy lets it in, as it is this test's own.
    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.root.join("outside").join(name)
    }

    /// The attack's directory in the workspace.
    pub(super) fn own(&self, name: &str) -> PathBuf {
        self.workspace.join(name)
    }

    /// The file that a process locks which stays.
    pub(super) fn alive(&self, name: &str) -> PathBuf {
        self.own(name).join("alive")
    }

    /// The file whose appearance ends what lingers.
    pub(super) fn end(&self, name: &str) -> PathBuf {
        self.own(name).join("end")
    }

    /// Makes all that an attack is after.
    pub(super) fn furnish(&self, attack: &Attack) -> io::Result<()> {
        self.furnish_outside(attack.name)?;
        let own = self.own(attack.name);
        std::fs::create_dir_all(&own)?;
        std::fs::write(self.alive(attack.name), "")?;
        match attack.promise {
            Promise::MetadataSealed => {
                repository(&own, true)?;
                repository(&own.join("below"), true)?;
                write(&own.join(r".vscode\settings.json"), "{}\n")?;
                write(&own.join(".mcp.json"), "{}\n")?;
                write(&own.join(".envrc"), "\n")
            }
            Promise::MetadataWatched => repository(&own.join("nested"), false),
            Promise::SecretsHidden => {
                write(&own.join(".env"), &self.token(attack.name))?;
                write(&own.join(r"sub\.env.local"), &self.token(attack.name))
            }
            _ => Ok(()),
        }
    }

    fn furnish_outside(&self, name: &str) -> io::Result<()> {
        let (outside, token) = (self.outside(name), self.token(name));
        write(&outside.join("file"), &token)?;
        write(&outside.join(r".ssh\id_ed25519"), &token)?;
        write(&outside.join("directory").join(&token), "")?;
        let guarded = outside.join("guarded");
        write(&guarded, "")?;
        // Where there are no access lists, the attack is one like any other.
        let _ = windows::attack::guard(&guarded.to_string_lossy());
        Ok(())
    }

    /// Refuses an attack on what the policy lets the command change or read on the host.
    pub(super) fn must_forbid(&self, access: Access, path: &Path) -> Result<(), String> {
        let verdict = decide(&self.setting.policy, access, &self.as_inside(path));
        let opens = verdict.allowed && verdict.effect == Effect::Host;
        if opens { Err("the policy allows it".into()) } else { Ok(()) }
    }

    /// Refuses an attack on what the policy does not protect in the workspace.
    pub(super) fn must_protect(&self, path: &Path) -> Result<(), String> {
        let allowed = decide(&self.setting.policy, Access::Write, &self.as_inside(path)).allowed;
        if allowed { Err("the policy does not protect it".into()) } else { Ok(()) }
    }

    /// The rules are about the workspace of the sandbox, whichever side this is.
    fn as_inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or(path.to_owned(), |rest| self.setting.root.join("inside").join(rest))
    }

    /// Starts attackers.
    pub(super) fn start(&self, flags: &[String], words: &[String]) -> Result<Trial, CliError> {
        let caller = &self.setting.caller;
        let mut command = if self.is_confined() {
            caller.run(self.setting.best_effort, flags)
        } else {
            let mut command = Command::new(&caller.own);
            command.current_dir(&self.workspace);
            command
        };
        command.arg(attacker::ARGUMENT).args(words).env(VARIABLE.0, self.token(VARIABLE.1));
        self.runs.set(self.runs.get() + 1);
        Trial::start(command, &self.root.join(format!("run-{}", self.runs.get())))
    }
}

/// A repository, with hooks and settings or with nothing that git would execute.
fn repository(directory: &Path, complete: bool) -> io::Result<()> {
    let git = directory.join(".git");
    for below in ["objects", r"refs\heads"] {
        std::fs::create_dir_all(git.join(below))?;
    }
    write(&git.join("HEAD"), "ref: refs/heads/main\n")?;
    if complete {
        write(&git.join("config"), "[core]\n\trepositoryformatversion = 0\n")?;
        write(&git.join(r"hooks\pre-push"), "#!/bin/sh\n")?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}
