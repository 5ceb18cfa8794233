//! Runs on Windows, as far as others watch them.

pub(crate) mod control;
