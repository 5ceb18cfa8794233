//! A setup that is taken as given, in builds for tests that must never be released.

use pinfold_setup::Setup;

use super::installed;
use crate::error::CliError;

/// Names the file of a marker that anybody may have written.
const MARKER: &str = "PINFOLD_PLUMBING_SETUP";

/// That of the marker which a test has written; without one, that of this machine.
pub(in crate::windows) fn setup() -> Result<Option<Setup>, CliError> {
    let Some(marker) = std::env::var_os(MARKER) else { return installed::setup() };
    let content =
        std::fs::read(&marker).map_err(|error| CliError::new(format!("{MARKER} is set")).why(error.to_string()))?;
    Setup::parse(&content).map(Some).map_err(|error| installed::no_setup(&error))
}
