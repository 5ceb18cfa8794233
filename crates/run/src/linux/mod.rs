//! Runs on Linux: one poll loop over everything that a run does.

mod appeared;
mod audience;
mod before;
pub(crate) mod control;
mod executed;
mod exit;
mod gate;
mod grants;
mod limits;
mod network;
mod open;
mod output;
mod packet;
mod process_tree;
mod record;
mod refused;
mod session;
mod settings;
mod supervise;
mod terminal;
mod trust;
mod watch;

pub use appeared::{REBASE, repair, settle};
pub use executed::{Digest, Executed, Executions, Recording, Tally};
pub use exit::{End, Outcome};
pub use grants::{Granter, VARIABLES};
pub use limits::LimitReached;
pub use record::Recorder;
pub use refused::{CallRefused, Judge, Refusals, Refused, Wanted};
pub use session::{Leftover, Memory, Session, SessionError, Store, WorkspaceStore, new_session_id};
pub use supervise::{Request, Run, RunError};
pub use watch::{Quarantine, Quarantined};
