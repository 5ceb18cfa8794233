//! What is done about what does not hold.

use crate::windows::ConfineError;
use crate::windows::self_check::Breach;

/// Nothing is started where something does not hold.
#[cfg(not(feature = "plumbing"))]
pub(super) fn refuse(breaches: Vec<Breach>) -> Result<Vec<Breach>, ConfineError> {
    if breaches.is_empty() { Ok(breaches) } else { Err(ConfineError::NotKept(breaches)) }
}

/// Says so, as loudly as it can.
#[cfg(feature = "plumbing")]
pub(super) fn refuse(breaches: Vec<Breach>) -> Result<Vec<Breach>, ConfineError> {
    for breach in &breaches {
        eprintln!("WARNING: NOT CONFINED, in a build for tests that must never be released: {breach}");
    }
    Ok(breaches)
}
