//! What a process lets go of once a run lasts. Starting one reads most of what there is of this program; to wait for its
//! end takes little of that.

use std::time::Duration;

/// How long nothing must have happened. A command that is done before has nothing to win.
pub const AFTER: Duration = Duration::from_millis(100);

pub use super::sys::release_program;
