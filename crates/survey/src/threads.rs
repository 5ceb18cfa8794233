//! Several threads that do the same at once, where that is worth it.

use std::thread;

/// Runs `own` on this thread and `help` on up to `helpers` others at the same time, and returns what they gave. All have
/// ended when this returns. Where there are too many threads on the machine already, there are fewer hands.
pub(crate) fn together<T: Send>(helpers: usize, own: impl FnOnce() -> T, help: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().name("survey".into()).spawn_scoped(scope, &help).ok();
        let helpers: Vec<_> = (0..helpers).map_while(start).collect();
        let mut all = vec![own()];
        for helper in helpers {
            match helper.join() {
                Ok(more) => all.push(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}
