//! Where a rule comes from: the layer, and the line of the file or the flag that says it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::text::plain;

/// Which layer of the policy something belongs to, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// A built-in profile: the ground that everything else stands on.
    Profile,
    /// The user's own policy file.
    User,
    /// A policy file that came with the project.
    Project {
        /// Has the user trusted this exact content? If not, the layer may only narrow.
        trusted: bool,
    },
    /// Flags of this one run.
    CommandLine,
    /// The administrator's file: a ceiling that no other layer can widen.
    Managed,
}

impl LayerKind {
    /// Position in the order of layers; a higher one is applied later.
    pub fn rank(self) -> u8 {
        match self {
            Self::Profile => 0,
            Self::User => 1,
            Self::Project { .. } => 2,
            Self::CommandLine => 3,
            Self::Managed => 4,
        }
    }

    /// May it widen what is allowed? A project's file only once the user has trusted it.
    pub(crate) fn is_trusted(self) -> bool {
        self != Self::Project { trusted: false }
    }

    /// Is a file that `other` hides shown with placeholders for its values when `self` says so?
    ///
    /// Only by a stronger layer, and as with exceptions never what the administrator hides; nor does the administrator
    /// show anything of what others hide, or a project that is not trusted.
    pub(crate) fn may_mask(self, other: Self) -> bool {
        self.may_lift(other) && self.rank() > other.rank() && self.is_trusted()
    }

    /// May something said by `self` take back a restriction made by `other`?
    ///
    /// Only in the same or a lower layer, and what the administrator says only the administrator
    /// takes back, who in turn never lifts a restriction that the user made.
    pub fn may_lift(self, other: Self) -> bool {
        (self == Self::Managed) == (other == Self::Managed) && self.rank() >= other.rank()
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Profile => "profile",
            Self::User => "user",
            Self::Project { trusted: true } => "project",
            Self::Project { trusted: false } => "project, not trusted",
            Self::CommandLine => "command line",
            Self::Managed => "managed",
        })
    }
}

/// A place in a policy file, or the flag that stands for one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; 0 for a flag.
    pub line: u32,
    /// Column in characters, from 1; 0 for a flag.
    pub column: u32,
    /// The flag as the user typed it, such as `--write ./x`.
    pub flag: Option<String>,
}

/// A value together with the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Position,
}

/// Where a rule of the merged policy comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The layer.
    pub layer: LayerKind,
    /// The policy file; for a built-in profile its name; nothing for a flag.
    pub file: Option<PathBuf>,
    /// Line in the file, from 1; 0 for a flag.
    pub line: u32,
    /// Column in the file, from 1; 0 for a flag.
    pub column: u32,
    /// The key that says it, such as `files.write`.
    pub key: String,
    /// The flag as the user typed it, such as `--write ./x`.
    pub flag: Option<String>,
}

impl Origin {
    /// What a built-in profile says without writing it down.
    pub(crate) fn of_profile(name: &str, key: &str) -> Self {
        Self { layer: LayerKind::Profile, file: Some(name.into()), line: 0, column: 0, key: key.to_owned(), flag: None }
    }

    /// The place without the layer: `pinfold.toml:14`, or the flag.
    pub(crate) fn place(&self) -> String {
        match (&self.flag, &self.file) {
            (Some(flag), _) => plain(flag),
            (None, Some(file)) => format!("{}:{}", plain(&file.to_string_lossy()), self.line),
            (None, None) => self.key.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(flag) = &self.flag {
            return write!(f, "{} ({})", plain(flag), self.layer);
        }
        let file = self.file.as_deref().map(|file| plain(&file.to_string_lossy()));
        match (self.layer, file) {
            (LayerKind::Profile, Some(name)) => write!(f, "profile `{name}`, {}", self.key),
            (layer, Some(file)) => write!(f, "{file}:{} ({layer})", self.line),
            (layer, None) => write!(f, "{} ({layer})", self.key),
        }
    }
}

/// A rule as the user wrote it, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rule {
    /// The text of the rule, such as `files.deny "**/.env"`.
    pub text: String,
    /// Where it stands.
    pub origin: Arc<Origin>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", plain(&self.text), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(layer: LayerKind, file: Option<&str>, flag: Option<&str>) -> Origin {
        Origin {
            layer,
            file: file.map(PathBuf::from),
            line: 14,
            column: 3,
            key: "files.write".to_owned(),
            flag: flag.map(str::to_owned),
        }
    }

    #[test]
    fn an_origin_reads_as_a_place() {
        let project = LayerKind::Project { trusted: true };
        assert_eq!(origin(project, Some("pinfold.toml"), None).to_string(), "pinfold.toml:14 (project)");
        assert_eq!(origin(LayerKind::Profile, Some("workspace"), None).to_string(), "profile `workspace`, files.write");
        assert_eq!(origin(LayerKind::CommandLine, None, Some("--write ./x")).to_string(), "--write ./x (command line)");
    }

    #[test]
    fn only_the_same_or_a_higher_layer_lifts_and_nobody_lifts_the_managed_one() {
        let project = LayerKind::Project { trusted: true };
        assert!(LayerKind::CommandLine.may_lift(LayerKind::Profile));
        assert!(LayerKind::User.may_lift(LayerKind::User));
        assert!(!LayerKind::User.may_lift(project));
        assert!(!LayerKind::CommandLine.may_lift(LayerKind::Managed));
        assert!(LayerKind::Managed.may_lift(LayerKind::Managed));
        assert!(!LayerKind::Managed.may_lift(LayerKind::User));
    }
}
