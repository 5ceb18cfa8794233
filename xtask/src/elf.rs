//! Is a program static? Read from its own ELF headers, so that no tool is needed.

use std::path::Path;

use crate::shell::Result;

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;

/// Fails unless the file is a 64-bit little-endian ELF program that needs neither loader nor library.
pub(crate) fn require_static(file: &Path) -> Result<()> {
    match needs(&std::fs::read(file)?) {
        Some(needs) if needs.is_empty() => Ok(()),
        Some(needs) => Err(format!("{} is not static: it needs {}", file.display(), needs.join(" and ")).into()),
        None => Err(format!("{} is not a 64-bit little-endian ELF program", file.display()).into()),
    }
}

/// What the program needs at run time, `None` when it cannot be read.
fn needs(elf: &[u8]) -> Option<Vec<&'static str>> {
    if elf.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let (start, size, count) = (number(elf, 32, 8)?, number(elf, 54, 2)?, number(elf, 56, 2)?);
    let mut needs = Vec::new();
    for index in 0..count {
        let header = start.checked_add(index.checked_mul(size)?)?;
        match number(elf, header, 4)? as u32 {
            PT_INTERP => needs.push("a loader"),
            PT_DYNAMIC if names_libraries(elf, number(elf, header + 8, 8)?, number(elf, header + 32, 8)?)? => {
                needs.push("libraries");
            }
            _ => {}
        }
    }
    Some(needs)
}

fn names_libraries(elf: &[u8], start: u64, length: u64) -> Option<bool> {
    for entry in (start..start.checked_add(length)?).step_by(16) {
        match number(elf, entry, 8)? {
            0 => break,
            DT_NEEDED => return Some(true),
            _ => {}
        }
    }
    Some(false)
}

fn number(elf: &[u8], at: u64, length: u64) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let bytes = elf.get(at..at.checked_add(length as usize)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_needs_a_loader_and_libraries() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(needs(&own).unwrap().contains(&"a loader"));
    }

    #[test]
    fn cut_off_or_foreign_files_are_no_programs() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(needs(&own[..80]), None);
        assert_eq!(needs(b"#!/bin/sh"), None);
    }
}
