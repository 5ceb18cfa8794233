//! Memory that is overwritten for good.
#![allow(unsafe_code, reason = "a write that no compiler may leave out")]

use std::ptr;
use std::sync::atomic::{Ordering, compiler_fence};

/// Writes zeros over all of it, although nobody reads them.
pub(crate) fn wipe(units: &mut [u16]) {
    for unit in units {
        // SAFETY: a reference is valid for writes of what it refers to.
        unsafe { ptr::write_volatile(unit, 0) };
    }
    compiler_fence(Ordering::SeqCst);
}
