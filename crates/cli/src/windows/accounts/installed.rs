//! What an administrator has set up.

use pinfold_setup::windows::{ThisMachine, directory};
use pinfold_setup::{Setup, SetupError, installed};

use crate::error::CliError;

/// The setup of this machine, whoever it is for.
pub(in crate::windows) fn setup() -> Result<Option<Setup>, CliError> {
    let directory =
        directory().map_err(|fault| CliError::new("the place of setup cannot be found").why(fault.to_string()))?;
    installed(&ThisMachine, &directory).map_err(|error| no_setup(&error))
}

pub(super) fn no_setup(error: &SetupError) -> CliError {
    CliError::from_error(error).hint("put it right with `pinfold setup --repair`, or take it away with --uninstall")
}
