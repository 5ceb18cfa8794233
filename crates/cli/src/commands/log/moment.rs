//! Moments as people type them: a date, a time, or how long ago.

use std::time::{Duration, SystemTime};

use pinfold_ledger::Timestamp;

use crate::error::CliError;

/// What follows a number to say how long ago, in seconds.
const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// Reads `2026-03-01`, `2026-03-01T12:00:00Z`, or `2h`.
pub(super) fn read(text: &str) -> Result<Timestamp, CliError> {
    let whole = |time: &str| Timestamp::parse(&format!("{time}.000000000Z"));
    ago(text)
        .or_else(|| whole(&format!("{text}T00:00:00")))
        .or_else(|| whole(text.strip_suffix('Z')?))
        .or_else(|| whole(&text.replacen(' ', "T", 1)))
        .or_else(|| whole(&format!("{}:00", text.replacen(' ', "T", 1))))
        .or_else(|| Timestamp::parse(text))
        .ok_or_else(|| {
            CliError::new(format!("`{text}` is no time"))
                .hint("write 2026-03-01, \"2026-03-01 12:00\" (UTC), or how long ago: 90s, 15m, 2h, 7d")
        })
}

/// How long ago.
pub(crate) fn ago(text: &str) -> Option<Timestamp> {
    let (_, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit))?;
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    let moment = SystemTime::now().checked_sub(Duration::from_secs(number.checked_mul(*seconds)?))?;
    Some(moment.into())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn times_are_read_in_each_form() {
        let day = read("2026-03-01").expect("a day");
        assert_eq!(day, read("2026-03-01T00:00:00Z").expect("a time"));
        assert_eq!(read("2026-03-01 12:30").expect("a minute"), read("2026-03-01T12:30:00Z").expect("a time"));
        assert!(read("1h").expect("an hour ago") > read("2h").expect("two"));
        for wrong in ["", "h", "1x", "2026-13-01", "tomorrow", "99999999999999999999d", "é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
