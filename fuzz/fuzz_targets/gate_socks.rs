//! Messages of SOCKS5: no bytes make the reader panic, no length goes beyond them, and what follows changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_gate::{Greeting, SocksRequest};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    if let Ok(greeting) = Greeting::read(bytes) {
        assert_eq!(Greeting::read(&bytes[..greeting.length]), Ok(greeting));
        rest = &bytes[greeting.length..];
    }
    if let Ok(request) = SocksRequest::read(rest) {
        assert_eq!(SocksRequest::read(&rest[..request.length]), Ok(request));
    }
});
