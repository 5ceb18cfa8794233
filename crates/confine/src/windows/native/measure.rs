//! What is looked at while a command runs, as the job does not limit it.

use std::io;

use super::Confined;
use crate::windows::sys::measure;

/// What is left of the volume that a path is on, to the caller, in bytes.
///
/// # Errors
/// When there is no such volume.
pub fn free_bytes(path: &str) -> io::Result<u64> {
    measure::free_bytes(path)
}

impl Confined {
    /// The most handles that one process of the run has open.
    ///
    /// # Errors
    /// When the system does not tell which processes there are.
    pub fn most_handles(&self) -> io::Result<u32> {
        let processes = measure::processes(&self.job)?;
        // Those that end meanwhile have none.
        Ok(processes.into_iter().filter_map(|process| measure::handles(process).ok()).max().unwrap_or_default())
    }
}
