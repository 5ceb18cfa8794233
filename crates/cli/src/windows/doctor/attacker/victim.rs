//! A process that is there to be attacked, and tells at its end what it has seen of it.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;

use pinfold_confine::windows::attack;

use super::{say, wait};

/// How long a secret in memory is, in bytes.
pub(super) const SECRET_BYTES: usize = 24;
/// What attackers write into memory.
pub(crate) const REWRITTEN: &str = "attacked";

/// What it says, before the value.
pub(crate) const MEMORY: &str = "@memory ";
pub(crate) const SCRATCHPAD: &str = "@scratchpad ";
pub(crate) const FILE: &str = "@file ";
pub(crate) const READY: &str = "@ready";
pub(crate) const WRITTEN: &str = "@written ";
pub(crate) const TYPED: &str = "@typed ";

/// It is told two lines: what it has to keep in mind, and which file to have open. They are not arguments, as those are
/// seen by others.
pub(super) fn live() -> io::Result<()> {
    let mut memory = line()?;
    let file = File::open(line()?)?;
    let mut scratchpad = " ".repeat(REWRITTEN.len());
    let typed_before = attack::pending_input().unwrap_or(0);
    say(&format!("{MEMORY}{}", memory.as_ptr().addr()));
    say(&format!("{SCRATCHPAD}{}", scratchpad.as_ptr().addr()));
    say(&format!("{FILE}{}", file.as_raw_handle().addr()));
    say(READY);
    wait();
    // What others write is not foreseen by the compiler.
    std::hint::black_box((&mut memory, &mut scratchpad));
    say(&format!("{WRITTEN}{scratchpad}"));
    say(&format!("{TYPED}{}", attack::pending_input().unwrap_or(0).saturating_sub(typed_before)));
    drop(file);
    Ok(())
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
