//! The operating system a policy is resolved for, as a value: nothing here depends on where it runs.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::paths;

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl Platform {
    /// Every platform.
    pub const ALL: [Self; 3] = [Self::Linux, Self::Macos, Self::Windows];

    /// Do file names that differ only in case usually mean the same file?
    pub fn folds_case(self) -> bool {
        matches!(self, Self::Macos | Self::Windows)
    }

    /// Do variables whose names differ only in case mean the same?
    pub fn ignores_case_of_variables(self) -> bool {
        self == Self::Windows
    }

    /// Paths that every sandbox has of its own, whatever the policy says.
    pub fn provided(self) -> &'static [&'static str] {
        match self {
            Self::Linux => &["/proc", "/dev"],
            Self::Macos => &["/dev"],
            Self::Windows => &[],
        }
    }

    /// The user's policy file as messages show it.
    pub fn user_policy(self) -> &'static str {
        match self {
            Self::Linux | Self::Macos => "~/.config/pinfold/policy.toml",
            Self::Windows => "~/AppData/Roaming/pinfold/policy.toml",
        }
    }
}

/// The concrete places a policy is resolved against; absolute, symbolic links already resolved by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Places {
    /// The operating system of the run.
    pub platform: Platform,
    /// The workspace directory.
    pub workspace: PathBuf,
    /// The user's real home directory.
    pub home: PathBuf,
}

impl Places {
    /// The same places with normalised paths (and `/` between components on every platform), or
    /// the one that is not absolute or not Unicode.
    pub(crate) fn normalised(&self) -> Result<Self, PathBuf> {
        let clean = |path: &Path| paths::normal(path, self.platform).map(PathBuf::from).ok_or_else(|| path.to_owned());
        Ok(Self { platform: self.platform, workspace: clean(&self.workspace)?, home: clean(&self.home)? })
    }

    /// The workspace as text. Places are checked to be Unicode before a policy exists.
    pub(crate) fn workspace_text(&self) -> Cow<'_, str> {
        paths::lossy(&self.workspace)
    }

    /// The home as text.
    pub(crate) fn home_text(&self) -> Cow<'_, str> {
        paths::lossy(&self.home)
    }
}
