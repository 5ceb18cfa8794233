//! The program for Windows, driven from outside and under Wine.
//!
//! Wine has no restricted tokens, no access lists of files and no integrity. So the program as it is released must refuse to run
//! anything there, which is shown for real; a build with the feature `plumbing` runs commands all the same, which shows that
//! streams, arguments, environment, limits, jobs and records work. **Nothing here says anything about confinement.**
//!
//! `cargo xtask wine` builds both and runs these tests.
#![forbid(unsafe_code)]

mod account;
mod arguments;
mod changes;
mod commands;
mod ending;
mod environment;
mod gate;
mod limits;
mod quarantine;
mod record;
mod refusal;
mod room;
mod streams;
mod terminal;
mod watch;
