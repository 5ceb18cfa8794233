//! What is kept between runs and handed around as JSON: no bytes make the readers panic, and a plan that is read is
//! written the same way again.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pinfold_plan::Plan;
use pinfold_run::Store;

fuzz_target!(|bytes: &[u8]| {
    let (store, record) = store();
    std::fs::write(record, bytes).expect("a record");
    for leftover in store.leftovers().expect("a list of leftovers") {
        assert_eq!(leftover.id, "x");
    }
    if let Ok(plan) = serde_json::from_slice::<Plan>(bytes) {
        let written = serde_json::to_vec(&plan).expect("a plan can be written");
        let again: Plan = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(plan, again);
    }
});

fn store() -> &'static (Store, PathBuf) {
    static STORE: OnceLock<(Store, PathBuf)> = OnceLock::new();
    STORE.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("pinfold-fuzz-{}", std::process::id()));
        (Store::open(root.clone()).expect("a store"), root.join("sessions/x.json"))
    })
}
