//! The account that a runner runs under.

mod hint;
mod password;

pub use hint::hint;
pub use password::Password;

use pinfold_acl::Sid;

/// An account of this machine.
#[derive(Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Who it is.
    pub sid: Sid,
    /// Its password.
    pub password: Password,
}
