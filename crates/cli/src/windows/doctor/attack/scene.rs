//! What there is on each side of the self-test, for each attack: a directory in the workspace, and one outside to be after.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_confine::windows;
use pinfold_plan::Promise;
use pinfold_policy::{Access, decide};

use super::super::attacker;
use super::alone;
use super::catalogue::Attack;
use super::scratch::{MADE, random};
use super::trial::Trial;
use crate::attack::{Scene, Setting, Side, unprepared};
use crate::error::CliError;

/// The variable that holds what nobody inside may learn, for the attack `variable`.
const VARIABLE: (&str, &str) = ("PINFOLD_DOCTOR_CANARY", "variable");

impl<'a> Scene<'a> {
    pub(super) fn make(setting: &'a Setting, side: Side) -> Result<Self, CliError> {
        let scene = Self::new(setting, side, random().map_err(unprepared)?);
        for directory in [&scene.outside, &scene.root.join("lives"), &scene.workspace] {
            std::fs::create_dir_all(directory).map_err(unprepared)?;
        }
        Ok(scene)
    }

    /// A name that nobody else uses.
    pub(super) fn unique(&self, name: &str) -> String {
        format!("{MADE}{}", self.token(&format!("name of {name}")))
    }

    /// The attack's directory outside. No policy lets it in, as it is this test's own.
    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.outside.join(name)
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
        alone::furnish(attack, &self.outside(attack.name))?;
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

    /// Refuses an attack on what the policy does not protect in the workspace.
    pub(super) fn must_protect(&self, path: &Path) -> Result<(), String> {
        let allowed = decide(&self.setting.policy, Access::Write, &self.as_inside(path)).allowed;
        if allowed { Err("the policy does not protect it".into()) } else { Ok(()) }
    }

    /// Starts attackers.
    pub(super) fn start(&self, flags: &[&str], words: &[String]) -> Result<Trial, CliError> {
        let mut command = self.program(&[&["--quiet"], flags].concat());
        command.arg(attacker::ARGUMENT).args(words).env(VARIABLE.0, self.token(VARIABLE.1));
        Trial::start(command, &self.next_output())
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
