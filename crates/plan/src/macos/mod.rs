//! Policy and host to a plan for macOS, which Seatbelt keeps. **Not yet verified on a Mac**: no backend carries it out, and
//! what is said here of the kernel is what others have found (Apple publishes no reference; sources are the profiles below
//! `/System/Library/Sandbox/Profiles`, Chromium's, Nix' and those of agents).
//!
//! [`build`] gives a [`Plan`], of which [`Profile`] is the heart: rules in order, after `(deny default)`, of which the last
//! that fits decides; [`Profile::text`] is what `sandbox_init` reads. There is no root of its own as on Linux: paths are the
//! host's, and home and temporary directory are private ones because variables name them. What the policy calls private
//! (`/tmp`, the home) is therefore refused at its own path.
//!
//! **Names.** Rules see the path that the kernel makes of an open file or a directory: without links, with the names as
//! they are on disk. So what exists is named literally, in that spelling, and `.GIT` is `.git` where the disk says so. A name
//! that is about to be made has the spelling of whoever makes it; so patterns have each letter in both cases (see
//! [`Pattern`]), also on a disk that tells cases apart, where they refuse more than they must. Some report that the kernel
//! compares literal paths without case; nothing here depends on it.
//!
//! **Renames.** There is no operation for them: a rename is an unlink of one path and a creation of another. What must be
//! found under its path is held by refusing the unlink, for each directory up to its writable place and for the place itself.
//!
//! **What a profile does not do:** it does not hide names in a directory that can be listed, counts no bytes, and ends
//! nothing. A profile has a size that the kernel takes at most, which is not known; a tree with very many denied files may
//! exceed it, and then nothing starts.

mod areas;
mod files;
mod held;
mod hidden;
mod host;
mod kept;
mod machine;
mod network;
mod pattern;
mod plan;
mod profile;
mod protected;
mod text;

pub use host::Host;
pub use network::Network;
pub use pattern::Pattern;
pub use plan::{HomeLink, Plan, build, refusal};
pub use profile::{Action, Filter, Operation, Profile, Rule};
pub use text::TextError;
