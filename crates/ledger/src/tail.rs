//! Looks at the last lines of a file, without reading what is before them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How much of the end is read first.
const FIRST_BYTES: u64 = 4 << 10;

/// The answer of `see` for the last line that it has one for. It gets each line, with its newline if there is one, and
/// the place in the file behind it; the same line more than once where the answer is far from the end.
pub(crate) fn last_line<T>(file: &mut File, see: impl Fn(&[u8], u64) -> Option<T>) -> io::Result<Option<T>> {
    let length = file.metadata()?.len();
    let mut window = FIRST_BYTES;
    loop {
        let begin = length.saturating_sub(window);
        file.seek(SeekFrom::Start(begin))?;
        let mut tail = Vec::with_capacity(usize::try_from(length - begin).unwrap_or_default());
        file.by_ref().take(length - begin).read_to_end(&mut tail)?;
        let mut end = begin + tail.len() as u64;
        for line in tail.split_inclusive(|byte| *byte == b'\n').rev() {
            let start = end - line.len() as u64;
            // The first one in the window has its beginning before it.
            if start == begin && begin > 0 {
                break;
            }
            if let Some(seen) = see(line, end) {
                return Ok(Some(seen));
            }
            end = start;
        }
        if begin == 0 {
            return Ok(None);
        }
        window = window.saturating_mul(16);
    }
}

/// Does the file end in the middle of a line?
pub(crate) fn is_torn(file: &mut File) -> io::Result<bool> {
    Ok(last_line(file, |line, _| Some(!line.ends_with(b"\n")))?.unwrap_or(false))
}
