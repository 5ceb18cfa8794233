//! How much of everything there may be at one time.

/// Reports that wait for the supervisor.
pub(crate) const REPORTS_WAITING_MAX: usize = 1024;
