//! What is tried with other processes and what they share.

use std::io::{self, Read, Seek};

use pinfold_confine::windows::attack;

use super::{ARGUMENT, show};
use crate::windows::doctor::attack::catalogue::Verb;

/// A file that somebody else has open.
pub(super) fn read_file_of(process: u32, handle: usize) -> io::Result<()> {
    let mut file = attack::file_of(process, handle)?;
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    show(&bytes)
}

/// A program that has another parent writes a file.
pub(super) fn write_as_child_of(process: u32, path: &str) -> io::Result<()> {
    let own = std::env::current_exe()?;
    let own = own.to_str().ok_or(io::ErrorKind::InvalidData)?;
    let arguments = format!("{ARGUMENT} - {} \"{path}\"", Verb::Overwrite.word());
    attack::start_as_child_of(process, own, &arguments)
}

/// Up to its first zero.
pub(super) fn show_section(name: &str) -> io::Result<()> {
    let bytes = attack::read_section(name)?;
    show(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}
