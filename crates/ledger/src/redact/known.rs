//! The forms in which a known value may turn up.

use pinfold_mask::within_base64;

use super::{VALUE_BYTES_MAX, VALUE_BYTES_MIN};
use crate::Text;

/// A line of a value of several is looked for by itself when it has so many bytes: excerpts of files show lines.
const LINE_BYTES_MIN: usize = 16;

/// All forms of a value: as it is, as [`Text`] and JSON write it, in base64 and in hexadecimal. (The escapes of addresses
/// can be written in so many ways that they are resolved where they stand.)
pub(super) fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let value = value.get(..VALUE_BYTES_MAX).unwrap_or(value).trim_ascii();
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() >= LINE_BYTES_MIN);
    let mut forms: Vec<Vec<u8>> = std::iter::once(value)
        .filter(|value| value.len() >= VALUE_BYTES_MIN)
        .chain(lines)
        .flat_map(forms_of_one)
        .collect();
    forms.sort();
    forms.dedup();
    forms
}

fn forms_of_one(value: &[u8]) -> Vec<Vec<u8>> {
    let text = Text::from_bytes(value).as_str().as_bytes().to_vec();
    let hex = |digits: fn(&u8) -> String| value.iter().map(digits).collect::<String>().into_bytes();
    let mut forms = vec![value.to_vec(), text, hex(|byte| format!("{byte:02x}")), hex(|byte| format!("{byte:02X}"))];
    forms.extend(in_json(value));
    forms.extend(within_base64(value));
    forms
}

/// The value as a string in JSON, without its quotation marks.
fn in_json(value: &[u8]) -> Option<Vec<u8>> {
    let quoted = serde_json::to_string(std::str::from_utf8(value).ok()?).ok()?;
    Some(quoted.get(1..quoted.len() - 1)?.into())
}
