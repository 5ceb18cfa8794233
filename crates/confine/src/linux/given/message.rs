//! What the supervisor says to a helper, and hears from it. Paths are letters (`letters.rs`).

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use pinfold_plan::{Identity, Plan};
use serde::{Deserialize, Serialize};

/// A text and its descriptors.
pub(super) type Heard = (Vec<u8>, VecDeque<OwnedFd>);

/// What is to be done. With it come the user namespace and the mount namespace of the run.
#[derive(Serialize, Deserialize)]
pub(super) enum Order {
    /// The steps of this plan are shown, which are all at or below one place.
    Show { plan: Box<Plan>, at: String },
    /// The mount that comes along is taken away.
    TakeBack { identity: Identity },
    /// A file in memory.
    Note { at: String, text: String, identity: Identity },
}

/// What has come of it.
#[derive(Serialize, Deserialize)]
pub(super) enum Done {
    /// It is done. Of what is shown that is said twice: when it is made, with its mount, and when it is there. `written`:
    /// something there is still open for writing.
    Done { written: bool },
    /// A step has failed.
    Failed { step: String, path: Option<String>, errno: i32 },
}
