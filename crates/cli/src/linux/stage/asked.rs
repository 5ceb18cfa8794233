//! Questions at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use crate::error::CliError;

/// Whether there is somebody who could be asked.
pub(super) fn may_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks at the terminal; silence is a no.
pub(in crate::linux) fn agrees(question: &str) -> Result<bool, CliError> {
    let wrong = |error: std::io::Error| CliError::new("nobody could be asked").why(error.to_string());
    eprint!("{question} [y/N] ");
    std::io::stderr().flush().map_err(wrong)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(wrong)?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}
