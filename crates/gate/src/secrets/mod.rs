//! Secrets: inside there are placeholders, and the gate puts the values in their place, where the policy says so.
//!
//! A placeholder anywhere else, or a value that comes back, stops the request. Both are looked for as they are and in
//! base64, where they hide by accident; whoever hides them on purpose has a placeholder, which is worth nothing.

mod body;
mod guard;
mod needles;
mod places;
mod stream;

use std::fmt;
use std::sync::Arc;

use pinfold_policy::{Destination, Secret};

pub(crate) use body::Look;
pub(crate) use guard::{Guard, ScanIn};

use crate::limits::SECRET_BYTES_MIN;
use crate::link::LentSecret;
use needles::Needles;

/// The secrets of a session.
#[derive(Default)]
pub(crate) struct Secrets {
    lent: Vec<LentSecret>,
    placeholders: Option<Arc<Needles>>,
    values: Option<Arc<Needles>>,
}

/// Why secrets cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the placeholder of the secret {0} is shorter than {SECRET_BYTES_MIN} bytes, or has others than letters, digits, `-` and `_`"
)]
pub struct BadPlaceholder(String);

impl Secrets {
    /// # Errors
    /// When a placeholder could be changed on its way or be found by accident.
    pub(crate) fn new(lent: Vec<LentSecret>) -> Result<Self, BadPlaceholder> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let good = |text: &str| text.len() >= SECRET_BYTES_MIN && text.bytes().all(fits);
        if let Some(bad) = lent.iter().find(|lent| !good(&lent.placeholder)) {
            return Err(BadPlaceholder(bad.secret.name.clone()));
        }
        Ok(Self {
            placeholders: Needles::new(lent.iter().map(|lent| lent.placeholder.as_str())).map(Arc::new),
            values: Needles::new(lent.iter().map(|lent| lent.value.as_str())).map(Arc::new),
            lent,
        })
    }

    /// The secrets that may be used there, with their places in the list.
    fn of(&self, to: &Destination) -> impl Iterator<Item = (usize, &LentSecret)> {
        self.lent.iter().enumerate().filter(|(_, lent)| belongs(&lent.secret, to))
    }

    /// Is there one that may be used there?
    pub(crate) fn any_of(&self, to: &Destination) -> bool {
        self.of(to).next().is_some()
    }

    fn name(&self, place: usize) -> String {
        self.lent.get(place).map(|lent| lent.secret.name.clone()).unwrap_or_default()
    }
}

fn belongs(secret: &Secret, to: &Destination) -> bool {
    secret.hosts.iter().any(|scope| scope.is_about(to))
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.lent).finish()
    }
}
