//! HOW this host keeps a policy: the plan, as inert data.
//!
//! [`linux::build`] resolves a [`pinfold_policy::Policy`] against the facts of a [`Host`] and gives a [`Plan`]: the
//! mounts, rules, filters and limits in the order they are applied, and for each promise by what it is kept
//! ([`assurance`]). Nothing here makes a system call or asks which platform it runs on, so every plan can be computed,
//! compared and tested on any machine.
#![forbid(unsafe_code)]

pub mod assurance;
mod error;
mod gate;
pub mod host;
pub mod linux;
pub mod macos;
mod mount;
mod plan;
mod protect;
mod sites;
pub mod windows;

pub use assurance::{Assurance, Keeper, Promise, Refusal};
pub use error::PlanError;
pub use gate::{CAPTURE_PORT, DNS_PORT, GATE_ADDRESS, Gate, JAVA_TRUST_STORE, PROXY_PORT, TRUST_BUNDLE};
pub use host::{GitDirectory, Host, Kind, Stage};
pub use mount::{Mode, Mount, Owner};
pub use plan::{Backend, Identity, Landlock, LandlockAccess, LandlockRule, Limits, Network, Plan, Seccomp, Watch};
