//! Texts as Windows has them: UTF-16 with an end.
#![allow(unsafe_code, reason = "texts of the system are read by their addresses")]

/// A text with its end.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// A text of the system; an empty one where there is none.
///
/// # Safety
/// `text` is null or points to UTF-16 with an end.
pub(super) unsafe fn text_at(text: *const u16) -> String {
    let mut units = Vec::new();
    let mut next = text;
    while !next.is_null() {
        // SAFETY: by the caller's promise there is a unit as long as none before was the end.
        let unit = unsafe { next.read_unaligned() };
        if unit == 0 {
            break;
        }
        units.push(unit);
        next = next.wrapping_add(1);
    }
    String::from_utf16_lossy(&units)
}
