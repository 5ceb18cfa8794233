//! What a run keeps on disk: the private home and temporary directory of its workspace, and what the backend remembers.
//!
//! ```text
//! STATE\workspaces\ID\path          the workspace's path
//! STATE\workspaces\ID\home\         the private home
//! STATE\workspaces\ID\temp\         the temporary directory
//! STATE\workspaces\ID\trust\        certificates that a run trusts whose gate opens TLS, which it reads and does not write
//! STATE\sessions\ID.json          a run; locked as long as its supervisor lives
//! STATE\windows\                    identifiers, the journal of changes to access lists, and whom the machine trusts
//! STATE\quarantine\SESSION\         what it quarantined
//! STATE\ledger\                     the record of all runs
//! ```

use std::path::{Path, PathBuf};

use pinfold_confine::hex;
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::error::CliError;

/// Where the certificates are, of a workspace.
const TRUST: &str = "trust";

/// The directories of a run that lasts.
pub(super) struct Store {
    root: PathBuf,
    workspace: PathBuf,
}

impl Store {
    /// Those of a call, made when missing.
    pub(super) fn open(context: &Context) -> Result<Self, CliError> {
        let root = context.state().to_owned();
        let workspace = root.join("workspaces").join(workspace_id(&context.workspace));
        let store = Self { root, workspace };
        for directory in [store.home(), store.temp(), store.workspace.join(TRUST), store.backend()] {
            std::fs::create_dir_all(&directory).map_err(|error| cannot(&directory, &error))?;
        }
        let path = store.workspace.join("path");
        std::fs::write(&path, context.workspace.to_string_lossy().as_bytes()).map_err(|error| cannot(&path, &error))?;
        Ok(store)
    }

    /// The private home.
    pub(super) fn home(&self) -> PathBuf {
        self.workspace.join("home")
    }

    /// The temporary directory.
    pub(super) fn temp(&self) -> PathBuf {
        self.workspace.join("temp")
    }

    /// The certificates that a run trusts whose gate opens TLS, in PEM; beside it, ending in `.jks`, the same for Java. In a
    /// directory of their own, which is opened to be read.
    pub(super) fn trust(&self) -> PathBuf {
        self.workspace.join(TRUST).join("trust.pem")
    }

    /// Those of the machine, for the gate.
    pub(super) fn authorities(&self) -> PathBuf {
        self.backend().join("authorities.pem")
    }

    /// What the backend remembers.
    pub(super) fn backend(&self) -> PathBuf {
        backend(&self.root)
    }

    /// Where runs are remembered as long as they go on.
    pub(super) fn sessions(&self) -> PathBuf {
        sessions(&self.root)
    }

    /// What a session quarantined.
    pub(super) fn quarantine(&self, session: &str) -> PathBuf {
        self.root.join("quarantine").join(session)
    }
}

/// What the backend remembers, below a state directory.
pub(super) fn backend(state: &Path) -> PathBuf {
    state.join("windows")
}

/// Where runs are remembered as long as they go on, below a state directory.
pub(super) fn sessions(state: &Path) -> PathBuf {
    state.join("sessions")
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(format!("{} cannot be made", path.display()))
        .why(error.to_string())
        .hint("pinfold keeps private homes there; set LOCALAPPDATA to a directory you can write")
}

/// A short, stable and readable name for a workspace.
fn workspace_id(workspace: &Path) -> String {
    let name = workspace.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let plain: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(32).collect();
    let digest = hex(Sha256::digest(workspace.to_string_lossy().to_lowercase().as_bytes()));
    format!("{plain}-{}", digest.chars().take(12).collect::<String>())
}
