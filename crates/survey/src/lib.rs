#![deny(unsafe_code)]
//! Seeing the workspace: which entries a deny rule hides, which git directories and protected names exist.
//!
//! [`Survey::walk`] reads every directory below its roots once, with several threads where the tree is large, and
//! remembers a stamp for each. [`Stamps::rescan`] later compares the stamps and reads only what changed; on Windows, where
//! all times of a directory can be set, everything.
//!
//! - Symlinks are never followed, and no path leads out of a root: everything is opened relative to the root's
//!   descriptor, so that paths of any length and names of any bytes work. Mounts below a root are walked like the rest.
//! - What disappears while it is read is ignored; what cannot be read is listed; a limit that is passed is an error.
//! - All threads have ended when a call returns.
//! - Nothing is ever executed or written, git included.
//!
//! ```no_run
//! use std::path::Path;
//!
//! struct Secrets;
//! impl pinfold_survey::Matcher for Secrets {
//!     fn may_match(&self, _trail: u128, basename: &[u8]) -> bool {
//!         basename.starts_with(b".env")
//!     }
//!     fn matches(&self, relative: &Path, _is_dir: bool) -> bool {
//!         relative.file_name().is_some_and(|name| name == ".env")
//!     }
//! }
//!
//! # fn main() -> Result<(), pinfold_survey::SurveyError> {
//! let survey = pinfold_survey::Survey::new(["/home/me/project"]).denied(&Secrets).names([".envrc", ".vscode"]);
//! let mut found = survey.walk()?;
//! // … the command runs …
//! let appeared = found.stamps.rescan(&survey)?;
//! # Ok(())
//! # }
//! ```

pub mod changes;
mod error;
mod git;
pub mod limits;
mod listing;
mod names;
mod queue;
mod report;
mod rescan;
mod survey;
mod sys;
mod threads;
mod tree;
mod walk;

pub use error::SurveyError;
pub use limits::Limits;
pub use report::{Appeared, Entry, Found, Kind, Place, Repository, RepositoryKind, Stamps, Worktree};
pub use survey::{Matcher, Survey, Trail};
