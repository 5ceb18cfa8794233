//! x
use std::{ffi::OsString, process::ExitCode};
pub(crate) const ARGUMENT: &str = "__attack";
pub(crate) fn main(_: &[OsString]) -> ExitCode {
    ExitCode::FAILURE
}
