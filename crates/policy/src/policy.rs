//! The merged policy: every layer resolved to absolute paths, each rule with its origin.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::ceiling::{Ceiling, List};
use crate::demand::Decided;
use crate::deny::Deny;
use crate::digest;
use crate::env::Env;
use crate::files::Grant;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::network::Network;
use crate::platform::Places;
use crate::process::Process;
use crate::protect::Protect;
use crate::secrets::Secret;
use crate::stages::Stages;
use crate::territory::{Area, Territory};

/// What a run may do, after all layers. Not to be changed once merged: the map of the run is drawn only once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// The built-in profile it stands on.
    pub profile: String,
    /// The places it was resolved against.
    pub places: Places,
    /// What is visible, read-only.
    pub read: Vec<Grant>,
    /// What is writable.
    pub write: Vec<Grant>,
    /// What is visible and written to a private layer.
    pub copy_on_write: Vec<Grant>,
    /// What is hidden, and the exceptions from that.
    pub deny: Vec<Deny>,
    /// What is shown with placeholders for its values, and the exceptions from that.
    pub mask: Vec<Deny>,
    /// What may not be changed inside writable places.
    pub protect: Vec<Protect>,
    /// Is what is written to the workspace kept beside it, until it is taken over?
    pub stage: Decided,
    /// Are earlier versions kept of what is changed in the workspace?
    pub undo: Decided,
    /// The network.
    pub network: Network,
    /// Secrets that the gate puts in, and nothing inside ever sees; by name.
    pub secrets: Vec<Secret>,
    /// The environment.
    pub env: Env,
    /// Rules for processes.
    pub process: Process,
    /// The limits.
    pub limits: Limits,
    /// The ledger.
    pub ledger: Ledger,
    /// How long stages are kept.
    pub stages: Stages,
    /// What managed files allow at most. Already applied; kept to explain, and to check paths again once symbolic
    /// links are resolved.
    pub ceilings: Vec<Ceiling>,
    #[serde(skip)]
    pub(crate) map: Map,
}

/// The territory of a policy, drawn when it is first asked for. It follows from the rest of the policy, so it counts for
/// nothing when policies are compared or written down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map(OnceLock<Arc<Territory>>);

impl PartialEq for Map {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Map {}

impl Policy {
    /// The map of the run: one area for each path, sorted so that each comes after those that contain it. The
    /// deepest area that contains a path decides what it is.
    pub fn layout(&self) -> impl Iterator<Item = &Area> {
        self.territory().areas()
    }

    pub(crate) fn territory(&self) -> &Arc<Territory> {
        self.map.0.get_or_init(|| Arc::new(Territory::new(self)))
    }

    /// May this host path be in that list under every managed ceiling?
    ///
    /// `merge` has asked this for the paths as written. Whoever resolves symbolic links asks again.
    pub fn fits_ceilings(&self, list: List, path: &Path) -> bool {
        self.ceilings.iter().all(|ceiling| ceiling.admits(list, path, &self.places))
    }

    /// The policy as canonical JSON, for a digest: without origins and reasons, so that a comment or a moved line
    /// changes nothing.
    pub fn digest_input(&self) -> Vec<u8> {
        digest::canonical(self)
    }
}
