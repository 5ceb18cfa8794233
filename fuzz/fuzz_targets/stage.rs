//! Stages: no text makes the readers of a transaction panic, a hunk chosen whole gives the new file and none the old one,
//! and what merges into itself is itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_stage::transaction::{begun::Begun, finished::Finished, journal::Journal};
use pinfold_stage::{Merged, choose, hunks, merge};

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (base, theirs, mine) = input;
    let _ = (Journal::parse(base), Begun::parse(base), Finished::parse(base));
    let all = hunks(base, theirs);
    assert_eq!(choose(base, &all, |_| true), theirs);
    assert_eq!(choose(base, &all, |_| false), base);
    if let Merged::Clean(merged) = merge(base, theirs, theirs) {
        assert_eq!(merged, theirs);
    }
    let _ = merge(base, theirs, mine);
});
