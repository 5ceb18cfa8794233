//! Dotenv files: no bytes make the reader panic, every line stays, what is masked stays as it is, and no key is so long
//! that it may be a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_mask::{MASKED_BYTES_MAX, mask, placeholder};

/// What only a value holds.
const VALUE: &str = "only-in-the-value";

fuzz_target!(|file: &[u8]| {
    let Ok(once) = mask(file) else { return };
    assert!(once.len() <= MASKED_BYTES_MAX);
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines(once.as_bytes()), lines(file));
    assert_eq!(mask(once.as_bytes()).as_deref(), Ok(&*once));
    // Another line changes nothing about those before it, and its value is not there.
    let end = if once.is_empty() || once.ends_with('\n') { "" } else { "\n" };
    let more = [file, end.as_bytes(), b"KEY=", VALUE.as_bytes()].concat();
    if let Ok(longer) = mask(&more) {
        assert_eq!(longer, format!("{once}{end}KEY={}", placeholder("KEY")));
        assert!(!longer.contains(VALUE) || String::from_utf8_lossy(file).contains(VALUE));
    }
});
