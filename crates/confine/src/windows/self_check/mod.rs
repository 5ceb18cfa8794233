//! Whether what was asked of Windows holds: read back, and tried out with the very token.
//!
//! A restricted token that restricts nothing, a list that was not kept or a label that is ignored would not be noticed
//! otherwise. What is read back is compared with the plan ([`token`], [`lists`]); what is tried out is judged by looking at
//! the files ([`scene`]), and for what exists and must not be touched by what the one who tries says ([`attempt`]). Where
//! several mechanisms keep the same thing, one that holds would hide another that does not; so each is tried in a place that
//! it keeps alone ([`alone`]).

pub mod alone;
pub mod attempt;
mod breach;
mod deed;
pub mod lists;
pub mod scene;
pub mod silence;
pub mod token;

pub use breach::{Breach, Mechanism};
