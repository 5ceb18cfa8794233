//! Who calls, and on which machine.

use std::io;
use std::path::PathBuf;

use pinfold_confine::windows::{probe, random_name};
use pinfold_ledger::event::User;

/// The machine's own name.
pub(crate) fn host_name() -> String {
    text("COMPUTERNAME")
}

/// Who calls; the number is the last part of the account's identifier, which is unique on its machine or in its domain.
pub(crate) fn user() -> User {
    let sid = probe::look().map(|machine| machine.user).ok();
    let uid = sid.and_then(|sid| sid.parts().last().copied()).unwrap_or_default();
    User { name: format!(r"{}\{}", text("USERDOMAIN"), text("USERNAME")), uid }
}

/// A name for a run.
pub(crate) fn new_session_id() -> String {
    // Only without random numbers of the system, which is not the case anywhere.
    let digits = random_digits().unwrap_or_else(|_| format!("{:016x}", std::process::id()));
    digits.chars().take(16).collect()
}

/// Digits that nobody can guess: 16 bytes in hexadecimal.
pub(crate) fn random_digits() -> io::Result<String> {
    Ok(random_name()?.trim_start_matches("pinfold-").to_owned())
}

/// The value of an entry of the desktop's keyring, or why there is none.
pub(crate) fn keyring_entry(_name: &str) -> Result<Vec<u8>, String> {
    Err("entries of the Credential Manager are not read on Windows yet; a program can print it: from = { command = [...] }".into())
}

/// Files with the certificates that the host trusts. Windows keeps them elsewhere.
pub(crate) fn trust_bundles() -> Vec<PathBuf> {
    Vec::new()
}

fn text(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
