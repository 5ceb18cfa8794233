//! Tests that cannot be run on a host say so, and fail where nothing may be skipped.

/// Says that this host lacks what the test needs. The test returns after it.
pub fn skip(because: &str) {
    assert!(std::env::var_os("PINFOLD_NO_SKIP").is_none_or(|value| value != "1"), "may not be skipped: {because}");
    eprintln!("skipped, because {because}");
}

/// Says that the attack does no harm on this kernel or as this user, sandbox or not: there is nothing to contain.
pub fn harmless_here(because: &str) {
    eprintln!("skipped, because {because}");
}
