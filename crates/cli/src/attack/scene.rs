//! Where attacks happen: a workspace to work in and things outside of it to be after, once for each side.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_confine::hex;
use pinfold_policy::{Access, Effect, decide};
use sha2::{Digest, Sha256};

use super::Setting;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Bare,
    Inside,
}

impl Side {
    /// Both.
    #[cfg_attr(windows, expect(dead_code, reason = "nothing is left there that has the name of a side"))]
    pub(crate) const ALL: [Self; 2] = [Self::Bare, Self::Inside];

    /// The name of its directory.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Inside => "inside",
        }
    }
}

/// One side. What is in it, and how attackers start there, each platform says.
pub(crate) struct Scene<'a> {
    pub(crate) side: Side,
    pub(crate) setting: &'a Setting,
    pub(crate) root: PathBuf,
    pub(crate) workspace: PathBuf,
    /// Things that no policy lets in, because they are this test's own.
    pub(crate) outside: PathBuf,
    secret: String,
    runs: Cell<usize>,
}

impl<'a> Scene<'a> {
    /// One with nothing in it. The secret is what its tokens are made of.
    pub(crate) fn new(setting: &'a Setting, side: Side, secret: String) -> Self {
        let root = setting.root.join(side.name());
        let (workspace, outside) = (root.join("workspace"), root.join("outside"));
        Self { side, setting, root, workspace, outside, secret, runs: Cell::new(0) }
    }

    /// Whether the attacker is confined.
    pub(crate) fn is_confined(&self) -> bool {
        self.side == Side::Inside && !self.setting.unconfined
    }

    /// Something that only who has seen the thing of this name on this side can know: 24 letters.
    pub(crate) fn token(&self, name: &str) -> String {
        let digest = Sha256::digest(format!("{} {name}", self.secret).as_bytes());
        hex(&digest[..12])
    }

    /// Refuses an attack on what the policy lets the command change or read on the host.
    pub(crate) fn must_forbid(&self, access: Access, path: &Path) -> Result<(), String> {
        let verdict = decide(&self.setting.policy, access, &self.as_inside(path));
        let opens = verdict.allowed && verdict.effect == Effect::Host;
        if opens { Err("the policy allows it".into()) } else { Ok(()) }
    }

    /// The rules are about the workspace of the sandbox, whichever side this is.
    pub(crate) fn as_inside(&self, path: &Path) -> PathBuf {
        let inside = || self.setting.root.join(Side::Inside.name());
        path.strip_prefix(&self.root).map_or(path.to_owned(), |rest| inside().join(rest))
    }

    /// This program on this side, up to its first argument; the flags are those of a run.
    pub(crate) fn program(&self, flags: &[&str]) -> Command {
        let caller = &self.setting.caller;
        if self.is_confined() {
            return caller.run(self.setting.best_effort, flags);
        }
        let mut command = Command::new(&caller.own);
        command.current_dir(&self.workspace);
        command
    }

    /// Where the output of the next run goes.
    pub(crate) fn next_output(&self) -> PathBuf {
        self.runs.set(self.runs.get() + 1);
        self.root.join(format!("run-{}", self.runs.get()))
    }
}
