//! What is done once a day, when a run has ended.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often.
const INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// When it was done last.
const STAMP: &str = "kept";

/// Whether it is time to see what is kept in a directory. That it is done now is noted there; where it cannot be, nothing is due.
pub(super) fn is_due(directory: &Path) -> bool {
    let stamp = directory.join(STAMP);
    let age = std::fs::metadata(&stamp).and_then(|data| data.modified()).ok().and_then(|then| then.elapsed().ok());
    age.is_none_or(|age| age >= INTERVAL)
        && File::create(&stamp).and_then(|file| file.set_modified(SystemTime::now())).is_ok()
}
