//! What is typed at this program's console.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::null;

use windows_sys::Win32::System::Console::ReadConsoleW;

use super::check;

/// As much as is read at once, in units of UTF-16.
const PIECE_UNITS: u32 = 4096;

/// Keys as they are typed, in UTF-8. The standard library's own input takes Ctrl-Z for its end, even where keys are read
/// one by one; whoever edits a file means something else by it.
#[derive(Debug)]
pub struct Keys {
    console: OwnedHandle,
    typed: Typed,
    ready: VecDeque<u8>,
}

/// Characters beyond the first 65536 come in two halves, the second maybe later.
#[derive(Debug, Default)]
struct Typed(Option<u16>);

impl Keys {
    pub(super) fn new(console: OwnedHandle) -> Self {
        Self { console, typed: Typed::default(), ready: VecDeque::new() }
    }
}

impl Read for Keys {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        // Nothing comes when Ctrl-Break was pressed meanwhile, and after it more.
        while self.ready.is_empty() {
            let mut units = [0_u16; PIECE_UNITS as usize];
            let (mut count, buffer) = (0, units.as_mut_ptr().cast());
            // SAFETY: the handle is open, there is room for as many units as is said, and `count` is there to be written.
            check(unsafe { ReadConsoleW(self.console.as_raw_handle(), buffer, PIECE_UNITS, &raw mut count, null()) })?;
            self.ready.extend(self.typed.text(units.get(..count as usize).unwrap_or_default()).bytes());
        }
        self.ready.read(bytes)
    }
}

impl Typed {
    /// What of these is a text; half a character that stays alone is replaced.
    fn text(&mut self, units: &[u16]) -> String {
        let mut units: Vec<u16> = self.0.take().into_iter().chain(units.iter().copied()).collect();
        self.0 = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        String::from_utf16_lossy(&units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_pieces_becomes_one() {
        let duck: Vec<u16> = "ü🦆\u{1a}".encode_utf16().collect();
        let mut typed = Typed::default();
        assert_eq!([&duck[..2], &[], &duck[2..]].map(|units| typed.text(units)), ["ü", "", "🦆\u{1a}"]);
        assert_eq!([&duck[1..2], &duck[..1]].map(|units| typed.text(units)), ["", "\u{fffd}ü"]);
    }
}
