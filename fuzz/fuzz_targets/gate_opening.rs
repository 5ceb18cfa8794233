//! First bytes of a client: whatever is recognised stays so when more bytes come, and nothing is recognised in two ways.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_gate::{Hello, Sniffed, sniff};

fuzz_target!(|bytes: &[u8]| {
    let whole = sniff(bytes);
    for end in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
        match sniff(&bytes[..end]) {
            Sniffed::Undecided { .. } => {}
            decided => assert_eq!(decided, whole, "after {end} bytes"),
        }
    }
    // A server that would find a request here is not reached past the gate.
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"GET / HTTP/1.") && text.contains(&b'\n') {
        assert_eq!(whole, Sniffed::Http);
    }
    if let Ok(hello) = Hello::read(bytes) {
        assert_eq!(whole, Sniffed::Tls(hello));
    }
});
