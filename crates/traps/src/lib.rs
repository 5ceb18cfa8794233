#![forbid(unsafe_code)]
//! What a run left behind that something outside would execute later: hooks and settings of git, start-up files of
//! shells and tools, tasks of editors, settings of agents, files that builds execute.
//!
//! [`Traps::scan`] judges the changed paths below a root by rules, which are data (`rules.toml`, listed in
//! docs/traps.md). A rule names files, and where a name alone says too little, what must be in them.
//!
//! # What is judged by which rules
//!
//! Most rules are about a *project*: a directory in which a developer works, opens the editor and calls tools. What lies
//! in a directory that a tool owns (`node_modules`, `target`, a virtual environment: the list `[[owned]]` in
//! `rules.toml`) is nobody's project. Its own `.envrc`, `Makefile` or workflows are read by nobody, and a package that
//! was just installed has many of them. There, only the rules marked `owned` count: for what is executed from there by
//! its place (`node_modules/.bin`, `bin/activate`, `*.pth`).
//!
//! A run must not be able to silence rules by declaring its files to be build output. So a directory is owned by its
//! *name*, together with a sign beside it or in it where the name is a common word; the root never is. `CACHEDIR.TAG`
//! alone is a sign only if it was there before the run. What git ignores does not count at all: that is written by
//! whoever writes `.gitignore`.
//!
//! What cannot be looked into (too large, no rights, a symbolic link instead of a file, not well formed) is a finding
//! by its name alone, and the finding says so.
//!
//! # What is not judged
//!
//! Sources are executed by the next build or test, and a build's output by the next run of it. That is what they are
//! for, and review is what protects from them.
//!
//! # Reading
//!
//! The changed files may be exchanged while they are looked at. Nothing is reached through a symbolic link, only regular
//! files are opened, through the descriptor that was looked at, and of each at most [`limits::FILE_BYTES_MAX`] are read.
//! On Windows, where nothing opens a path without its links, every directory on the way is held meanwhile, so that none can
//! be exchanged; on macOS a directory can be, and whatever the run has started has ended by then.
//!
//! # Names
//!
//! A rule's name is judged in every spelling by which the system finds the file: in any case everywhere, on Windows also
//! with dots and spaces at its end, as a stream, and as a short name (`GIT~1`).

mod content;
mod finding;
mod formats;
mod git;
pub mod git_config;
mod index;
pub mod limits;
mod look;
mod names;
mod owned;
mod reference;
mod rules;
mod scan;
mod tree;

pub use content::fuzz_content;
pub use finding::{ChangeKind, Changed, Finding, Severity};
pub use reference::reference;
pub use scan::{ScanError, Traps};
#[cfg(target_os = "linux")]
pub use tree::Combined;
