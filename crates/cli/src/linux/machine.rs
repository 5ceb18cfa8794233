//! Who calls, and on which machine.

use std::io;

use pinfold_confine::hex;
use pinfold_ledger::event::User;
use rustix::rand::{GetRandomFlags, getrandom};

pub(crate) use pinfold_confine::linux::probe::trust_bundles;
pub(crate) use pinfold_run::new_session_id;

/// The system's list of users (passwd(5)).
const USERS: &str = "/etc/passwd";

/// The machine's own name.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Who calls.
pub(crate) fn user() -> User {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string(USERS).unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    });
    User { name: name.unwrap_or_default(), uid }
}

/// Digits that nobody can guess: 16 bytes in hexadecimal.
pub(crate) fn random_digits() -> io::Result<String> {
    let mut random = [0_u8; 16];
    getrandom(&mut random, GetRandomFlags::empty())?;
    Ok(hex(random))
}
