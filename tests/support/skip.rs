//! Tests that cannot be run on a host say so, and fail where nothing may be skipped.

/// Says that this host lacks what the test needs. The test returns after it.
pub fn skip(because: &str) {
    assert!(std::env::var_os("PINFOLD_NO_SKIP").is_none_or(|value| value != "1"), "may not be skipped: {because}");
    eprintln!("skipped, because {because}");
    note(because);
}

/// Tells whoever counts, in the file named by `PINFOLD_SKIPPED`.
fn note(because: &str) {
    use std::io::Write;
    let Some(path) = std::env::var_os("PINFOLD_SKIPPED") else { return };
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| writeln!(file, "{test}: {because}"));
}

/// Says that the attack does no harm on this kernel or as this user, sandbox or not: there is nothing to contain.
pub fn harmless_here(because: &str) {
    eprintln!("skipped, because {because}");
}
