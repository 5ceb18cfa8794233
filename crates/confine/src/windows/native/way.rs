//! What lies on the way to a path, with the access lists that it has.

use std::io;

use pinfold_acl::Child;
use pinfold_plan::windows::Step;

use crate::windows::sys::files::{self, Purpose};
use crate::windows::sys::security;

/// Everything from the root of the volume to what is at a path, which has no links in it.
///
/// # Errors
/// When something of it is not there, or its list cannot be read.
pub fn way(path: &str) -> io::Result<Vec<Step>> {
    let ends = path.match_indices('\\').map(|(end, _)| end).chain([path.len()]);
    ends.filter_map(|end| path.get(..end)).map(step).collect()
}

fn step(path: &str) -> io::Result<Step> {
    // A drive alone would be its current directory.
    let opened = if path.ends_with(':') { format!(r"{path}\") } else { path.to_owned() };
    let file = files::open(&opened, Purpose::ReadList)?;
    let child = if files::is_directory(&file)? { Child::Directory } else { Child::File };
    Ok(Step { path: path.to_owned(), child, descriptor: security::read(&file)? })
}
