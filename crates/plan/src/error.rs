//! Why there is no plan.

use std::path::PathBuf;
use std::sync::Arc;

use pinfold_policy::{Grant, Origin};
use thiserror::Error;

use crate::macos::TextError;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// A path that a person named does not exist.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
        /// Who named it.
        grant: Grant,
    },
    /// The workspace would open up the whole home directory.
    #[error("the workspace {} contains your home directory", workspace.display())]
    WorkspaceTooWide {
        /// The workspace.
        workspace: PathBuf,
    },
    /// The workspace would open up what is the system's.
    #[error("the workspace {} is a system directory", workspace.display())]
    WorkspaceIsSystem {
        /// The workspace.
        workspace: PathBuf,
    },
    /// A link leads to where the managed policy does not let anyone.
    #[error("{} leads to {}, which the managed policy does not allow", link.display(), target.display())]
    LinkBeyondCeiling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// What may be written lies on a volume that keeps no access lists.
    #[error("the volume of {path} keeps no access lists")]
    WithoutLists {
        /// What.
        path: String,
    },
    /// No synthetic identifier was made for an area.
    #[error("there is no identifier for {path}")]
    WithoutIdentifier {
        /// The area.
        path: String,
    },
    /// What is written to the workspace cannot be kept beside it.
    #[error("what the command writes to the workspace cannot be kept in a stage: {why}")]
    NotStaged {
        /// Why.
        why: &'static str,
        /// Who wants a stage.
        origin: Arc<Origin>,
    },
    /// A path cannot be written in a Seatbelt profile.
    #[error(transparent)]
    Text(#[from] TextError),
}
