//! Messages from inside the sandbox: no bytes make the reader panic, and what it accepts it writes the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_confine::link::{MAX_MESSAGE_BYTES, Order, Report};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = Report::decode(bytes) {
        let written = report.encode();
        assert!(written.len() <= MAX_MESSAGE_BYTES);
        let again = Report::decode(&written).expect("what was written can be read");
        // A second round changes nothing more: long texts are cut and broken ones repaired only once.
        let settled = Report::decode(&again.encode()).expect("what was written can be read");
        assert_eq!(std::mem::discriminant(&report), std::mem::discriminant(&again));
        assert_eq!(again.encode(), settled.encode());
        if !matches!(report, Report::Failed { .. }) {
            assert_eq!(report, again);
            assert_eq!(written, bytes);
        }
    }
    if let Ok(order) = Order::decode(bytes) {
        assert_eq!(order.encode().as_slice(), bytes);
    }
});
