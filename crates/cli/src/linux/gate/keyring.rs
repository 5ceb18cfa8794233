//! Entries of the desktop's keyring.

use std::process::Command;

use crate::gate::lent::printed;

/// The attribute by which they are found (secret-tool(1)).
const ATTRIBUTE: &str = "pinfold";

/// The value of an entry, or why there is none.
pub(crate) fn keyring_entry(name: &str) -> Result<Vec<u8>, String> {
    let mut tool = Command::new("secret-tool");
    printed(tool.args(["lookup", ATTRIBUTE, name]), "secret-tool")
        .map_err(|why| format!("{why}; to store it: secret-tool store --label={name} {ATTRIBUTE} {name}"))
}
