//! What the tests of the built program share: a throw-away user, a scene to work in, and attacks.
//!
//! An [`Attack`] is tried twice in two fresh [`Scene`]s, by the same user: without a sandbox, where it must succeed,
//! and inside, where it must not. Whether it succeeded is seen from outside, by what became of the scene.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `PINFOLD_BIN` | the program under test, instead of the one beside the test |
//! | `PINFOLD_TEST_AS` | user who attacks, when root runs the tests (`root` too); one is made when it is missing |
//! | `PINFOLD_TEST_BASE` | where scenes are built, instead of the user's home |
//! | `PINFOLD_NO_SKIP` | `1`: a test that this host cannot run fails |
//! | `PINFOLD_WINE` | runs programs for Windows when it is called with `wine` first |
//! | `PINFOLD_WINDOWS_BIN` | the program for Windows as it is released |
//! | `PINFOLD_WINDOWS_PLUMBING_BIN` | the same with the feature `plumbing`, which starts commands where nothing confines them |
//! | `PINFOLD_TEST_BARE` | `1`: run without the sandbox; then every attack test must fail |
#![forbid(unsafe_code)]

mod attack;
mod binary;
mod guard;
mod listener;
mod processes;
mod runner;
mod scene;
mod skip;
mod terminal;
mod user;
mod world;

pub use attack::{Attack, Verdict};
pub use binary::pinfold;
pub use guard::Likeness;
pub use listener::Listener;
pub use processes::{eventually, is_alive, marked, stat_field, status_field, within};
pub use runner::{Ended, Runner, Running};
pub use scene::Scene;
pub use skip::{harmless_here, skip};
pub use terminal::TypedTerminal;
pub use user::User;
pub use world::{WORLD, WORLD_NEEDS};
