//! The stages of a workspace on disk, and the layers that they share.
//!
//! ```text
//! lock                      held while stages or layers come and go
//! stages/NAME/stage.json    one stage: its places, layers and snapshots
//! stages/NAME/run.json      what changes of it with every run
//! stages/NAME/lock          held by whoever uses it
//! stages/NAME/bases/        what changed files were before
//! layers/ID/PLACE/upper     what was written to a place
//! applied/ID/about.json     what was taken over at once, and where
//! applied/ID/N/             the transaction of a place
//! kept                      as old as the last look at what may go
//! moved                     where the workspace was, as long as something of the above speaks of that
//! ```
//!
//! A layer that is not the topmost of a stage is frozen: several stages may stand on it. So a snapshot, a fork and a step back
//! cost the same however much has been written. A layer that no stage names goes at the next occasion.

mod applied;
mod error;
mod moved;
mod note;
mod record;
mod remove;
mod returned;
mod stage;
mod stages;
#[cfg(test)]
mod tests;

pub use applied::{Applied, ApplyError, Tell};
pub use error::StoreError;
pub(crate) use error::at;
pub use record::Snapshot;
pub(crate) use record::{read_json, write_json};
pub use remove::{open_tree_up, remove_tree, space_of};
pub use stage::Stage;
pub(crate) use stage::taken;
pub use stages::{Damage, Stages, Summary};
pub(crate) use stages::{listed, make, now_ms};
