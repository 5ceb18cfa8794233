//! Contents of changed files: no bytes make a reader of settings or a test of lines panic, whatever the file is called.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = pinfold_traps::fuzz_content(bytes);
});
