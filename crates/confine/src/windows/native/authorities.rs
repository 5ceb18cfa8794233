//! Whom this machine trusts.

use std::collections::BTreeSet;

use super::context::Context;
use crate::windows::ConfineError;
use crate::windows::sys::certificates::{Certificate, of_store};

/// Authorities that the user and the machine trust.
const TRUSTED: &str = "ROOT";
/// What nobody is to trust, whatever else says so.
const DISTRUSTED: &str = "Disallowed";

/// The certificates, in DER, of the authorities that may prove to a program of the user's who a server is. Some that
/// Windows would trust are missing: it fetches them when a program of its own needs them first.
///
/// # Errors
/// When a store cannot be read.
pub fn trusted_authorities() -> Result<Vec<Vec<u8>>, ConfineError> {
    let trusted = of_store(TRUSTED).step("read whom the machine trusts")?;
    let distrusted = of_store(DISTRUSTED).step("read whom the machine does not trust")?;
    Ok(left(trusted, &distrusted))
}

fn left(trusted: Vec<Certificate>, distrusted: &[Certificate]) -> Vec<Vec<u8>> {
    let distrusted: BTreeSet<&[u8]> = distrusted.iter().map(|certificate| &*certificate.der).collect();
    let good = trusted.into_iter().filter(|certificate| certificate.is_good).map(|certificate| certificate.der);
    // In a store of several the same one may be twice.
    let left: BTreeSet<Vec<u8>> = good.filter(|der| !distrusted.contains(&**der)).collect();
    left.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_distrusted_or_good_for_something_else_is_left_out() {
        let one = |byte: u8, is_good| Certificate { der: vec![byte], is_good };
        let trusted = vec![one(3, true), one(1, true), one(2, false), one(4, true), one(3, true)];
        assert_eq!(left(trusted, &[one(4, false), one(9, true)]), [[1], [3]]);
    }

    #[test]
    fn this_machine_has_some() {
        assert!(!trusted_authorities().unwrap().is_empty());
    }
}
