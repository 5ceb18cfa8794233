//! Functions of Windows as safe ones: each file those of one kind, each block one operation.

pub(super) mod dispatch;
pub(super) mod elevate;
pub(super) mod files;
pub(super) mod filtering;
pub(super) mod firewall;
pub(super) mod groups;
pub(super) mod processes;
pub(super) mod profile;
pub(super) mod registry;
pub(super) mod rights;
pub(super) mod seal;
mod sid;
pub(super) mod token;
pub(super) mod users;
pub(super) mod variant;
mod wide;
