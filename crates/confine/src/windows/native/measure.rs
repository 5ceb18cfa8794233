//! What is looked at while a command runs, as the job does not limit it.

use std::io;

use super::Confined;
use crate::windows::sys::measure;

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
