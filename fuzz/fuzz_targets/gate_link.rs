//! Messages between gate and supervisor: no bytes make the reader panic, and what it accepts it writes the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_gate::link::{Order, Report, Start, decode, encode, frames};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(order) = decode::<Order>(bytes) {
        assert_eq!(decode::<Order>(&encode(&order).expect("small")).expect("readable"), order);
    }
    if let Ok(report) = decode::<Report>(bytes)
        && let Ok(written) = encode(&report)
    {
        assert_eq!(decode::<Report>(&written).expect("readable"), report);
    }
    let _ = decode::<Start>(bytes);
    let _ = frames::receive_start(&mut &*bytes);
    let mut stream = bytes;
    while let Ok(Some(order)) = frames::receive::<Order>(&mut stream) {
        let mut written = Vec::new();
        frames::send(&mut written, &order).expect("small");
        assert_eq!(frames::receive::<Order>(&mut &*written).expect("readable"), Some(order));
    }
});
