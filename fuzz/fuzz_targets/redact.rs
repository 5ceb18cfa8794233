//! Events before they are appended: no text makes the search panic, and a known value is in none afterwards.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pinfold_ledger::{Event, Redactor, Text};

const VALUE: &str = "only-in-the-value";

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| Redactor::new([("NAME", VALUE)]).expect("a redactor"));

fuzz_target!(|bytes: &[u8]| {
    let (before, after) = bytes.split_at(bytes.len() / 2);
    let planted = [before, VALUE.as_bytes(), after].concat();
    let argv = [before, &planted, after].map(Text::from_bytes);
    let mut event = Event::Exec {
        pid: 2,
        parent: 1,
        argv_cut: false,
        argv: argv.into(),
        cwd: "/".into(),
        executable: "/bin/sh".into(),
        sha256: None,
        errno: None,
    };
    REDACTOR.event(&mut event);
    let text = format!("{event:?}");
    assert!(!text.contains(VALUE), "{text}");
});
