//! What happens before a change of anything on a disk.

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rustix::io::Errno;

type Hook = Box<dyn FnMut(usize) -> io::Result<()>>;

thread_local! {
    static HOOK: RefCell<Option<(usize, Hook)>> = const { RefCell::new(None) };
}

/// Is called before each change.
pub(in crate::transaction) fn point() -> io::Result<()> {
    let Some((number, mut hook)) = HOOK.take() else { return Ok(()) };
    let result = hook(number);
    HOOK.set(Some((number + 1, hook)));
    result
}

/// Does something, and calls the hook before each change, with its number.
pub(super) fn with<T>(hook: impl FnMut(usize) -> io::Result<()> + 'static, work: impl FnOnce() -> T) -> T {
    HOOK.set(Some((0, Box::new(hook))));
    let done = catch_unwind(AssertUnwindSafe(work));
    HOOK.set(None);
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

/// The process is no more.
struct Killed;

/// Does something, and is killed before change number `at`; nothing comes back then.
pub(super) fn killed<T>(at: usize, work: impl FnOnce() -> T) -> Option<T> {
    killed_in(|_| Ok(()), at, work)
}

/// The same, when other things happen before.
pub(super) fn killed_in<T>(
    mut hook: impl FnMut(usize) -> io::Result<()> + 'static,
    at: usize,
    work: impl FnOnce() -> T,
) -> Option<T> {
    let kill = move |number| if number == at { resume_unwind(Box::new(Killed)) } else { hook(number) };
    match catch_unwind(AssertUnwindSafe(|| with(kill, work))) {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Killed>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Does something while the disk is full, from one change to another.
pub(super) fn full<T>(from: usize, to: usize, work: impl FnOnce() -> T) -> T {
    with(move |number| if (from..to).contains(&number) { Err(Errno::NOSPC.into()) } else { Ok(()) }, work)
}
