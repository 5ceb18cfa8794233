//! Handles that keep files and directories in their places.

use std::os::windows::io::OwnedHandle;

use super::context::Context;
use crate::windows::ConfineError;
use crate::windows::sys::files::{self, Purpose};

/// Nobody can rename or remove what is pinned as long as this lives, whatever access lists say: the handles share neither.
#[derive(Debug)]
pub(super) struct Pins {
    _handles: Vec<OwnedHandle>,
}

impl Pins {
    /// Pins what is at these paths, which exists.
    pub(super) fn set(paths: &[String]) -> Result<Self, ConfineError> {
        let pin = |path: &String| files::open(path, Purpose::Pin).step_at("pin", path);
        Ok(Self { _handles: paths.iter().map(pin).collect::<Result<_, _>>()? })
    }
}
