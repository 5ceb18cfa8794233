//! A list of steps, carried out in a tree together or not at all, and undone.
//!
//! A transaction has a **directory** of pinfold's own. Everything new is made completely in a **slot**, beside the tree, and
//! then slot and path change places by one atomic rename; a side may be empty. What a slot holds says whether that has
//! happened, so that a list which was interrupted is gone on with, or turned back by changing places once more. What was
//! in the tree before is in the slots afterwards, the very same files, and undoing puts them back.
//!
//! In the directory lie:
//!
//! | name | what |
//! | --- | --- |
//! | `begun` | JSON ([`begun::Begun`]): which tree, and where the slots are |
//! | `kept/N` | slot N; or, where the slots must be in the tree since it is on another file system (`.pinfold-apply-ID`), a copy of what was at its path |
//! | `kept/N.new`, `kept/N.old` | contents for a file that is written in place |
//! | `kept/N.left` | a copy of what could not be put back, since somebody had put something else there |
//! | `inside` | the slots are in the tree, or were there, and its time is to be set back |
//! | `journal` | JSON ([`journal::Journal`]): what is to be done. **That it lies there means that it is to be finished** |
//! | `writing.N` | a file is being written in place |
//! | `abandoned` | the journal, renamed: it is being turned back |
//! | `rolled-back` | the same, when that is done; only leftovers remain to be removed |
//! | `finished` | JSON ([`finished::Finished`]): all is done, and that is what it looked like |
//! | `undo/` | the same once more, for turning it back afterwards |
//!
//! What this promises of directories: those that steps speak of are exactly as wanted. Others, in which names come or go, get
//! the time of the transaction, and their old one back when it is undone, if nobody has changed anything in them since.

pub mod begun;
mod carry;
mod check;
mod clean;
mod commit;
mod conflict;
pub(crate) mod copy;
mod error;
mod faults;
pub mod finished;
mod ground;
pub mod journal;
mod keep;
mod marks;
mod moved;
mod moves;
mod notes;
mod owner;
mod plan;
mod prepare;
mod recover;
mod said;
mod seen;
mod slot;
mod undo;
mod writes;

#[cfg(test)]
mod tests;

pub use conflict::{Conflict, Reason};
pub use error::{Damage, Error};
pub use moved::moved;
pub use prepare::Transaction;
pub use recover::{Recovered, recover};
pub use said::Said;
pub use seen::{Look, Seen, Shape};
pub use undo::{undo, undo_accepting};
