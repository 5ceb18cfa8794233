//! The `[files]` section: what is visible, what is writable, what is hidden, what is protected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::deny::DenyText;
use crate::origin::{Entry, Origin};
use crate::paths::PathText;
use crate::platform::Places;
use crate::protect::ProtectText;
use crate::text::Text;

/// What the run sees of the file system.
///
/// Paths are absolute, `~/…`, or relative to the workspace; `@name` is a named set. Where one granted path lies in
/// another, the deeper one decides.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Files")]
pub(crate) struct FilesSection {
    /// Visible, read-only.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) read: Option<Vec<Spanned<String>>>,
    /// Visible and writable on the host.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) write: Option<Vec<Spanned<String>>>,
    /// Visible; what is written goes to a private layer and never to the host.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) copy_on_write: Option<Vec<Spanned<String>>>,
    /// Hidden, whatever else is granted: paths, or patterns with `*`, `?`, `[…]`, `{a,b}` and `**`. A bare name is
    /// hidden in every directory; a pattern with a slash starts at the workspace unless it starts with `/`, `~/` or
    /// `**/`. `!` makes an exception.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) deny: Option<Vec<Spanned<String>>>,
    /// Dotenv files that are shown with a placeholder for each value, read-only: paths or patterns as in `deny`. What a
    /// weaker layer denies is then masked instead of hidden. A file of another form stays hidden.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) mask: Option<Vec<Spanned<String>>>,
    /// Inside writable places: read-only where it exists, watched where it does not. Names below the workspace;
    /// `.git/…` means every git directory, `**/…` every directory. `!` makes an exception.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) protect: Option<Vec<Spanned<String>>>,
    /// Is what the run writes to the workspace kept beside it, until somebody has looked at it and takes it over? Nothing of it
    /// reaches the real files before that. Any layer may demand it.
    #[schemars(with = "Option<bool>")]
    pub(crate) stage: Option<Spanned<bool>>,
    /// Are earlier versions kept of what the run changes in the workspace, so that `pinfold undo` brings them back? A help
    /// against mistakes, and none against a program that evades it, which `stage` is. Any layer may demand it.
    #[schemars(with = "Option<bool>")]
    pub(crate) undo: Option<Spanned<bool>>,
}

/// The checked `[files]` section of one policy file. In a managed file `None` means "no ceiling", and an empty list a
/// ceiling that nothing fits under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRules {
    /// Visible, read-only.
    pub read: Option<Vec<Entry<PathText>>>,
    /// Writable.
    pub write: Option<Vec<Entry<PathText>>>,
    /// Visible, written to a private layer.
    pub copy_on_write: Option<Vec<Entry<PathText>>>,
    /// Hidden.
    pub deny: Vec<Entry<DenyText>>,
    /// Shown with placeholders for values.
    pub mask: Vec<Entry<DenyText>>,
    /// Read-only inside writable places.
    pub protect: Vec<Entry<ProtectText>>,
    /// Kept beside the workspace until it is taken over.
    pub stage: Option<Entry<bool>>,
    /// Earlier versions are kept.
    pub undo: Option<Entry<bool>>,
}

/// A place that a policy names without knowing its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The workspace directory.
    Workspace,
    /// The session's own home, which is not the user's.
    PrivateHome,
    /// Temporary directories of the session's own.
    PrivateTemp,
}

impl Place {
    /// The name of the place in a policy file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workspace => "@workspace",
            Self::PrivateHome => "@home",
            Self::PrivateTemp => "@temp",
        }
    }

    /// The place of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Workspace, Self::PrivateHome, Self::PrivateTemp].into_iter().find(|place| place.name() == name)
    }
}

/// What a grant opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// An absolute path and everything below it.
    Path(PathBuf),
    /// A place of the session.
    Place(Place),
}

impl Target {
    /// The host path this target stands for: nothing for the private places, which have none.
    pub fn host_path(&self, places: &Places) -> Option<PathBuf> {
        match self {
            Self::Path(path) => Some(path.clone()),
            Self::Place(Place::Workspace) => Some(places.workspace.clone()),
            Self::Place(Place::PrivateHome | Place::PrivateTemp) => None,
        }
    }

    /// The target as a policy file writes it.
    pub fn text(&self) -> String {
        match self {
            Self::Path(path) => Path::to_string_lossy(path).into_owned(),
            Self::Place(place) => place.name().to_owned(),
        }
    }
}

/// One thing that `read`, `write` or `copy-on-write` opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// What is opened.
    pub target: Target,
    /// The named set it came from, such as `@system`.
    pub set: Option<Text>,
    /// Who says so.
    pub origin: Arc<Origin>,
}
